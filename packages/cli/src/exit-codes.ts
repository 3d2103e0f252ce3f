import { type ErrorCategory, TenancyError } from 'tenantry';

/** What the process exits with; scripts may rely on these numbers. */
export const exitCodes = {
  ok: 0,
  internal: 1,
  usage: 2,
  notFound: 3,
  conflict: 4,
  refused: 5,
  unavailable: 6,
  /** Some of what was asked for was done and some was rejected. */
  partial: 7,
  interrupted: 130,
} as const;

/** One of {@link exitCodes}. */
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

const byCategory: Readonly<Record<ErrorCategory, ExitCode>> = {
  usage: exitCodes.usage,
  'not-found': exitCodes.notFound,
  conflict: exitCodes.conflict,
  refused: exitCodes.refused,
  unavailable: exitCodes.unavailable,
  internal: exitCodes.internal,
};

/** The exit code that an error means; `internal` for what is not an error of tenantry's. */
export function exitCodeOf(error: unknown): ExitCode {
  return error instanceof TenancyError ? byCategory[error.category] : exitCodes.internal;
}
