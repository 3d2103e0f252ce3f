import type { EventEmitter } from 'node:events';

/** Who listens to a driver's objects when nobody has borrowed them. */
export class ListenerBaseline {
  readonly #emitters: readonly {
    readonly emitter: EventEmitter;
    readonly own: ReadonlyMap<string | symbol, readonly unknown[]>;
  }[];

  constructor(...emitters: EventEmitter[]) {
    this.#emitters = emitters.map((emitter) => ({
      emitter,
      own: new Map(emitter.eventNames().map((event) => [event, emitter.rawListeners(event)])),
    }));
  }

  /** Who listens to an event since then. */
  added(event: string | symbol): (() => void)[] {
    return this.#emitters.flatMap(({ emitter, own }) => {
      const before = own.get(event) ?? [];
      return emitter.rawListeners(event).filter((listener) => !before.includes(listener)) as (() => void)[];
    });
  }

  /** Removes who listens since then. False if somebody is missing. */
  restore(): boolean {
    let isWhole = true;
    for (const { emitter, own } of this.#emitters) {
      for (const event of emitter.eventNames()) {
        const before = own.get(event)?.length ?? 0;
        if (emitter.listenerCount(event) > before) removeOthers(emitter, event, own.get(event) ?? []);
      }
      for (const [event, { length }] of own) isWhole &&= emitter.listenerCount(event) === length;
    }
    return isWhole;
  }
}

function removeOthers(emitter: EventEmitter, event: string | symbol, own: readonly unknown[]): void {
  for (const listener of emitter.rawListeners(event)) {
    if (!own.includes(listener)) emitter.removeListener(event, listener as () => void);
  }
}
