import { NotSentError } from '../../../engine/not-sent.js';
import {
  DriverMissingError,
  type ErrorKind,
  InvalidInputError,
  InvalidOptionError,
  InvalidParameterError,
  TenancyError,
} from '../../../errors.js';
import { codeOf, SqliteEngineError } from '../errors.js';

/** An error as plain data: a structured clone would lose its class and its code. */
export interface PackedError {
  readonly name: string;
  readonly message: string;
  readonly code: string;
  readonly hint?: string;
  readonly kind?: ErrorKind;
  readonly cause?: PackedError;
}

/** The errors of ours that a connection throws. */
const OWN = [DriverMissingError, InvalidInputError, InvalidOptionError, InvalidParameterError].map(
  (OwnError) => [OwnError.name, OwnError] as const,
);

/** Makes plain data of whatever was thrown. */
export function packError(thrown: unknown): PackedError {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const { name, message, cause } = error;
  return {
    name: error instanceof NotSentError ? NotSentError.name : name,
    message,
    code: codeOf(error),
    ...(error instanceof TenancyError && { hint: error.hint }),
    ...(error instanceof SqliteEngineError && { kind: error.kind }),
    ...(cause !== undefined && { cause: packError(cause) }),
  };
}

/** The error again, of its own class where it is ours; a driver's keeps its name, message and code. */
export function unpackError({ name, message, code, hint, kind, cause: packedCause }: PackedError): Error {
  const cause = packedCause && unpackError(packedCause);
  const options = cause === undefined ? {} : { cause };
  if (name === NotSentError.name) return new NotSentError(message);
  if (kind !== undefined) return new SqliteEngineError(kind, message, options);
  const own = OWN.find(([ownName]) => ownName === name);
  if (own !== undefined) return new own[1](message, { hint: hint ?? '', ...options });
  return Object.assign(new Error(message, options), { name, ...(code !== '' && { code }) });
}
