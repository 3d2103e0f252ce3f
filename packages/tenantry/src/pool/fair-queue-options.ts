import { InvalidOptionError } from '../errors.js';

/** What one tenant may have of a server. */
export interface TenantLimits {
  /** Its part of the connection time against the others' where all want more. 0.1 to 100, normally 1. */
  readonly weight: number;
  /** Connections that it may have in use at once: 1 or more, `Infinity` for no limit of its own. */
  readonly maxInUse: number;
}

/** How turns are taken. All milliseconds are connection time: how long a connection was held. */
export interface FairQueueOptions {
  /**
   * How long a turn of a tenant of weight 1 lasts. 1 to 10000. Default 10. Longer saves changes of
   * tenant on a connection; shorter lets the others wait less.
   */
  readonly quantumMs?: number | undefined;
  /**
   * The most that a tenant owes. 1 to 1000 times `quantumMs`. Default 100 times, so 1000: a statement
   * of a second is paid in full, and after any longer one a tenant of weight 1 is passed over for 100
   * turns of each other tenant that waits and no more, so that a report of a minute does not take its
   * tenant out of service. What exceeds this is not charged, and the tenant has more than its part;
   * its limit of connections is what holds it back then.
   */
  readonly maxDebtMs?: number | undefined;
  /** What a lease is expected to cost before the first of its tenant has ended. Above 0, to `maxDebtMs`. Default 1. */
  readonly estimateMs?: number | undefined;
  /**
   * Tenants that are remembered, with their hold times, though they neither wait nor use nor owe
   * anything. 0 to 1000000. Default 1000, about 250 bytes each.
   */
  readonly remembered?: number | undefined;
}

/** Every option with its value. */
export type FairQueueRules = {
  readonly [Name in keyof FairQueueOptions]-?: NonNullable<FairQueueOptions[Name]>;
};

/** Weight 1 and no limit. */
export const UNLIMITED: TenantLimits = Object.freeze({ weight: 1, maxInUse: Number.POSITIVE_INFINITY });

/**
 * The rules with their defaults.
 *
 * @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`)
 */
export function fairQueueRules(options: FairQueueOptions): FairQueueRules {
  const { quantumMs = 10, maxDebtMs = 100 * quantumMs, estimateMs = 1, remembered = 1000 } = options;
  inRange('quantumMs', quantumMs, 1, 10_000);
  inRange('maxDebtMs', maxDebtMs, quantumMs, 1000 * quantumMs);
  inRange('estimateMs', estimateMs, Number.MIN_VALUE, maxDebtMs);
  inRange('remembered', remembered, 0, 1_000_000);
  return { quantumMs, maxDebtMs, estimateMs, remembered };
}

/**
 * A weight that is no number would stop the rounds, and a limit below 1 would make its tenant wait for ever.
 *
 * @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`)
 */
export function assertLimits({ weight, maxInUse }: TenantLimits): void {
  inRange('weight', weight, 0.1, 100);
  inRange('maxInUse', maxInUse, 1, Number.POSITIVE_INFINITY);
}

function inRange(name: string, value: number, least: number, most: number): void {
  if (value >= least && value <= most) return;
  throw new InvalidOptionError(`"${name}" is ${value}.`, {
    hint: `Give "${name}" a value from ${least} to ${most}.`,
  });
}
