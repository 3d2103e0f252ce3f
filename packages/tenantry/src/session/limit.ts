import { setMaxListeners } from 'node:events';
import { AbortedError, StatementTimeoutError, type TenancyError } from '../errors.js';
import { assertEndOptions, END_KEYS } from '../input/call-options.js';
import { deadlineIn } from './deadlines.js';
import type { CallOptions } from './session.js';

/** The end of a call: its deadline or its caller's signal, whichever comes first. */
export class Limit {
  readonly #label: string;
  readonly #isDefault: boolean;
  #timeoutMs: number;
  /** Of the call and of its run: any of them ends it. */
  readonly #signals: readonly AbortSignal[];
  readonly #startedAt = performance.now();

  /**
   * `label` names the tenant in messages; `defaultMs` holds where the options name no timeout; `known` are all
   * options of the call; `runSignal` ends the run that it is made in. Nothing is armed before all of them were checked.
   *
   * @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`)
   */
  constructor(
    label: string,
    options: CallOptions | undefined,
    defaultMs: number,
    known: readonly string[] = END_KEYS,
    runSignal?: AbortSignal,
  ) {
    if (options !== undefined) assertEndOptions(`this call for ${label}`, options, known);
    this.#label = label;
    this.#isDefault = options?.timeoutMs === undefined;
    this.#timeoutMs = options?.timeoutMs ?? defaultMs;
    this.#signals = signalsOf(options?.signal, runSignal);
    // One signal may end as many calls as a caller likes, each of which listens while it runs.
    if (this.#signals.length > 0) setMaxListeners(0, ...this.#signals);
  }

  /** Another default, where the options name no timeout; it counts from the beginning as well. */
  defaultTo(ms: number): void {
    if (this.#isDefault) this.#timeoutMs = ms;
  }

  /** Waits for something that a signal ends. */
  waiting<T>(work: (signal: AbortSignal | undefined) => Promise<T>): Promise<T> {
    return this.#signals.length < 2 ? work(this.#signals[0]) : this.#waitingForEither(work);
  }

  async #waitingForEither<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    // AbortSignal.any leaves something behind in a signal that lives for long.
    const either = new AbortController();
    const abort = () => either.abort();
    for (const signal of this.#signals) signal.addEventListener('abort', abort, { once: true });
    try {
      if (this.#aborted !== undefined) abort();
      return await work(either.signal);
    } finally {
      for (const signal of this.#signals) signal.removeEventListener('abort', abort);
    }
  }

  /** Milliseconds that are left, at least 1. */
  get remainingMs(): number {
    return Math.max(1, Math.ceil(this.#timeoutMs - (performance.now() - this.#startedAt)));
  }

  /** Throws what the caller must get if the signal has fired already. */
  assertRunning(): void {
    if (this.#aborted !== undefined) throw this.#abortedError();
  }

  /** Calls once when the limit is reached, unless the returned function was called before. */
  onEnd(listener: (error: TenancyError) => void): () => void {
    const signals = this.#signals;
    if (signals.length === 0) return deadlineIn(this.remainingMs, () => listener(this.#timedOut()));
    const end = (error: TenancyError) => {
      stop();
      listener(error);
    };
    const onAbort = () => end(this.#abortedError());
    const disarm = deadlineIn(this.remainingMs, () => end(this.#timedOut()));
    const stop = () => {
      disarm();
      for (const signal of signals) signal.removeEventListener('abort', onAbort);
    };
    for (const signal of signals) signal.addEventListener('abort', onAbort, { once: true });
    return stop;
  }

  #timedOut(): TenancyError {
    return new StatementTimeoutError(
      `${this.#label}: not done within ${this.#timeoutMs} ms; the statement was cancelled.`,
      {
        tenant: this.#label,
        hint: 'Make the statement faster, or pass a longer timeoutMs.',
      },
    );
  }

  /** The one that has fired. */
  get #aborted(): AbortSignal | undefined {
    return this.#signals.find(({ aborted }) => aborted);
  }

  #abortedError(): TenancyError {
    return new AbortedError(`${this.#label}: aborted by the caller; the statement was cancelled.`, {
      tenant: this.#label,
      cause: this.#aborted?.reason,
    });
  }
}

const NONE: readonly AbortSignal[] = Object.freeze([]);

function signalsOf(one: AbortSignal | undefined, other: AbortSignal | undefined): readonly AbortSignal[] {
  if (one === undefined) return other === undefined ? NONE : [other];
  return other === undefined || other === one ? [one] : [one, other];
}
