import type { Socket } from 'node:net';

interface Parcel {
  /** Undefined for the end of the stream. */
  readonly bytes: Buffer | undefined;
  readonly dueAt: number;
}

/** One direction of a proxied connection: what is sent arrives in order, late, in part, or not at all. */
export class Lane {
  readonly #destination: Socket;
  readonly #latencyMs: () => number;
  readonly #parcels: Parcel[] = [];
  #timer: NodeJS.Timeout | undefined;
  #held = false;
  #stopped = false;
  #swallowing = false;
  #ended = false;
  #left = Number.POSITIVE_INFINITY;
  #onLimit = () => {};
  #onNext: (() => void) | undefined;
  #onArrival: (() => void) | undefined;

  constructor(destination: Socket, latencyMs: () => number) {
    this.#destination = destination;
    this.#latencyMs = latencyMs;
  }

  push(bytes: Buffer): void {
    if (this.#onArrival !== undefined) {
      this.#onArrival();
      return;
    }
    this.#enqueue(bytes);
  }

  /** The sender has nothing more to say; the receiver hears so after everything else. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#enqueue(undefined);
  }

  /** Forwards this many bytes more and then calls `reached`. */
  limit(bytes: number, reached: () => void): void {
    this.#left = bytes;
    this.#onLimit = reached;
    if (bytes === 0) reached();
  }

  /** Calls once when the next bytes have been handed to the receiver's socket. */
  onNext(listener: () => void): void {
    this.#onNext = listener;
  }

  /** Calls instead of forwarding when the sender says anything more. */
  onArrival(listener: () => void): void {
    this.#onArrival = listener;
  }

  swallow(): void {
    this.#swallowing = true;
    this.#parcels.length = 0;
  }

  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    this.#deliver();
  }

  stop(): void {
    this.#stopped = true;
    this.#parcels.length = 0;
    clearTimeout(this.#timer);
  }

  #enqueue(bytes: Buffer | undefined): void {
    if (this.#stopped || this.#swallowing) return;
    this.#parcels.push({ bytes, dueAt: performance.now() + this.#latencyMs() });
    this.#deliver();
  }

  #deliver(): void {
    clearTimeout(this.#timer);
    for (;;) {
      const [parcel] = this.#parcels;
      if (parcel === undefined || this.#held || this.#stopped) return;
      const waitMs = parcel.dueAt - performance.now();
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.#deliver(), waitMs);
        return;
      }
      this.#parcels.shift();
      this.#forward(parcel.bytes);
    }
  }

  #forward(bytes: Buffer | undefined): void {
    if (bytes === undefined) {
      this.#destination.end();
      return;
    }
    const allowed = bytes.subarray(0, this.#left);
    this.#left -= allowed.length;
    const reached = this.#left === 0 ? this.#onLimit : undefined;
    // A reset would overtake bytes that still wait in the socket.
    this.#destination.write(allowed, reached);
    if (reached !== undefined) this.swallow();
    this.#onNext?.();
    this.#onNext = undefined;
  }
}
