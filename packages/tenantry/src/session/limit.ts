import { setMaxListeners } from 'node:events';
import { AbortedError, StatementTimeoutError, type TenancyError } from '../errors.js';
import { assertEndOptions, END_KEYS, eitherSignal } from '../input/call-options.js';
import { deadlineIn } from './deadlines.js';
import type { CallOptions } from './session.js';

/** The end of a call: its deadline or its caller's signal, whichever comes first. */
export class Limit {
  readonly #label: string;
  readonly #isDefault: boolean;
  #timeoutMs: number;
  readonly #signal: AbortSignal | undefined;
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
    this.#signal = eitherSignal(options?.signal, runSignal);
    // One signal may end as many calls as a caller likes, each of which listens while it runs.
    if (this.#signal !== undefined) setMaxListeners(0, this.#signal);
  }

  /** Another default, where the options name no timeout; it counts from the beginning as well. */
  defaultTo(ms: number): void {
    if (this.#isDefault) this.#timeoutMs = ms;
  }

  get signal(): AbortSignal | undefined {
    return this.#signal;
  }

  /** Milliseconds that are left, at least 1. */
  get remainingMs(): number {
    return Math.max(1, Math.ceil(this.#timeoutMs - (performance.now() - this.#startedAt)));
  }

  /** Throws what the caller must get if the signal has fired already. */
  assertRunning(): void {
    if (this.#signal?.aborted) throw this.#aborted();
  }

  /** Calls once when the limit is reached, unless the returned function was called before. */
  onEnd(listener: (error: TenancyError) => void): () => void {
    const signal = this.#signal;
    if (signal === undefined) return deadlineIn(this.remainingMs, () => listener(this.#timedOut()));
    const end = (error: TenancyError) => {
      stop();
      listener(error);
    };
    const onAbort = () => end(this.#aborted());
    const disarm = deadlineIn(this.remainingMs, () => end(this.#timedOut()));
    const stop = () => {
      disarm();
      signal.removeEventListener('abort', onAbort);
    };
    signal.addEventListener('abort', onAbort, { once: true });
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

  #aborted(): TenancyError {
    return new AbortedError(`${this.#label}: aborted by the caller; the statement was cancelled.`, {
      tenant: this.#label,
      cause: this.#signal?.reason,
    });
  }
}
