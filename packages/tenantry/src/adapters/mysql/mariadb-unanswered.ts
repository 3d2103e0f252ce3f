import { Readable } from 'node:stream';
import { leavable } from '../../engines/mysql/index.js';

type Method = (...args: unknown[]) => unknown;

/** What sends something, on a connection of the driver's and on what it has prepared. */
const SENDING = [
  ...['query', 'execute', 'batch', 'prepare', 'beginTransaction', 'commit', 'rollback', 'ping', 'reset'],
  ...['queryStream', 'executeStream'],
];

/**
 * The calls on one connection of the driver's that are not answered yet.
 *
 * Without pipelining the driver sends one command after the other, and when its connection ends it tells only
 * the one that is under way: whoever waits behind that would wait for ever. They are told here.
 */
export class Unanswered {
  readonly #fail = new Set<(error: Error) => void>();

  /** Takes down what is sent by an object from now on. */
  watch(object: object): void {
    for (const name of SENDING) {
      const method: unknown = Reflect.get(object, name);
      if (typeof method !== 'function') continue;
      const watched: Method = (...args) => this.#take(Reflect.apply(method as Method, object, args));
      Reflect.set(object, name, watched);
    }
  }

  /** The connection has ended: whoever the driver has not told by now will not be told by it. */
  failAll(why: () => Error): void {
    for (const fail of this.#fail) fail(why());
    this.#fail.clear();
  }

  #take(answer: unknown): unknown {
    if (answer instanceof Promise) return this.#promise(answer);
    if (answer instanceof Readable) this.#stream(answer);
    return answer;
  }

  #promise(answer: Promise<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#fail.add(reject);
      answer.then(
        (value) => {
          this.#fail.delete(reject);
          // A prepared statement sends as well.
          if (typeof value === 'object' && value !== null && 'executeStream' in value) this.watch(value);
          resolve(value);
        },
        (error: unknown) => {
          this.#fail.delete(reject);
          reject(error);
        },
      );
    });
  }

  #stream(stream: Readable): void {
    const fail = (error: Error) => void stream.destroy(error);
    this.#fail.add(fail);
    leavable(stream).once('close', () => this.#fail.delete(fail));
  }
}
