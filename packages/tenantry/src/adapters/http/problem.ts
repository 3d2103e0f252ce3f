import { tenancyErrorOf } from '../../errors/tenancy-error-of.js';
import { type ErrorCode, errorCatalog, InvalidOptionError } from '../../errors.js';
import { assertKnownKeys } from '../../input/known-keys.js';

/** An HTTP answer that tells of an error, as RFC 9457 has it. */
export interface ProblemResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The JSON text of the body. */
  readonly body: string;
  /** The same as an object, for frameworks that write JSON by themselves; `headers` have the content type. */
  readonly details: ProblemDetails;
}

/** A problem details object (RFC 9457), with the error's code. */
export interface ProblemDetails {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  /** The error's message, where that is a client's business. */
  readonly detail?: string;
  readonly instance?: string;
  readonly code: ErrorCode;
}

/** How an error is told. */
export interface ProblemOptions {
  /** The path of the request, given as `instance`. */
  readonly instance?: string | undefined;
}

/** Seconds after which a client may try again where something is out of reach. */
const RETRY_AFTER_SECONDS = 1;

/**
 * The HTTP answer for an error: 404 for an unknown tenant, 403 for a suspended one, 503 for whatever is out of
 * reach, with `Retry-After` where trying again may help, 500 for the rest. What is not a client's business (the
 * database's message, addresses) stays out of it; log the error itself.
 *
 * An error of tenantry's is recognized behind whatever an ORM made of it ({@link tenancyErrorOf}).
 *
 * @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`) for options that are none; its `cause` is the error that was given
 * @example
 * ```ts
 * const { status, headers, body } = problem(error, { instance: request.url })
 * response.writeHead(status, headers).end(body)
 * ```
 */
export function problem(error: unknown, options: ProblemOptions = {}): ProblemResponse {
  try {
    assertKnownKeys('problem', options, ['instance']);
  } catch (refusal) {
    // Whoever handles an error calls this, and it must not be lost.
    if (refusal instanceof Error) refusal.cause ??= error;
    throw refusal;
  }
  if (options.instance !== undefined && typeof options.instance !== 'string') {
    throw new InvalidOptionError(`The option instance of problem is a ${typeof options.instance}.`, {
      cause: error,
      hint: 'Pass the path of the request as a text, or leave it out.',
    });
  }
  const own = tenancyErrorOf(error);
  const code = own?.code ?? 'TENANTRY_INTERNAL';
  const { status, title } = errorCatalog[code];
  const headers: Record<string, string> = {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
  };
  if (status === 503 && own?.retryable) headers['retry-after'] = String(RETRY_AFTER_SECONDS);
  const details: ProblemDetails = {
    type: 'about:blank',
    title,
    status,
    ...(status < 500 && own !== undefined && { detail: own.message }),
    ...(options.instance !== undefined && { instance: options.instance }),
    code,
  };
  return { status, headers, body: JSON.stringify(details), details };
}
