import { NoTenantError, TenantSwitchError } from '../../errors.js';
import type { Tenancy } from '../../tenancy.js';

/** The tenant in context, if there is one. */
type Current = ReturnType<Tenancy['current']>;

/** In whose context something was made that is used later, maybe in another one. */
export class Origin {
  /** Undefined where it was made outside of every context. */
  readonly tenant: Current;
  readonly #tenancy: Tenancy;
  readonly #what: string;

  /** @param what how an error calls it: "A query" */
  constructor(tenancy: Tenancy, what: string) {
    this.#tenancy = tenancy;
    this.#what = what;
    this.tenant = tenancy.current();
  }

  /** A function that runs `fn` in the context of now. Outside of every context it runs where no tenant is, or throws. */
  bind<A extends unknown[], R>(fn: (...args: A) => R): (...args: A) => R {
    if (this.tenant === undefined) {
      return (...args) => {
        if (this.#tenancy.current() !== undefined) throw this.#madeOutside();
        return fn(...args);
      };
    }
    // What it gives back is handed out as it is: it may be awaited in a way of its own.
    const answer: { value?: R } = {};
    const run = this.#tenancy.bind((args: A) => {
      answer.value = fn(...args);
    });
    return (...args) => {
      run(args);
      return answer.value as R;
    };
  }

  /** Runs `fn` with its tenant in context, whoever is in context now. */
  run<T>(fn: () => Promise<T>): Promise<T> {
    if (this.tenant === undefined || this.tenant.id === this.#tenancy.current()?.id) return fn();
    const { id, name } = this.tenant;
    return this.#tenancy.run({ id, name }, fn, { switch: true });
  }

  /**
   * @throws NoTenantError (`TENANTRY_NO_TENANT`) if it was made outside of every context;
   * TenantSwitchError (`TENANTRY_TENANT_SWITCH`) unless the tenant of now is the same, in the same life of it.
   */
  assertHere(): void {
    if (this.tenant === undefined) throw this.#madeOutside();
    this.#assertIsOf(this.tenant, this.#tenancy.current());
  }

  /**
   * The same, for what may be made outside of every context: that is whoever's uses it. Where no tenant is in context
   * now, whatever it is used for will say so.
   */
  assertNotElsewhere(): void {
    const now = this.tenant && this.#tenancy.current();
    if (this.tenant !== undefined && now !== undefined) this.#assertIsOf(this.tenant, now);
  }

  #assertIsOf({ id, name, epoch }: NonNullable<Current>, now: Current): void {
    if (now?.id === id && now.epoch === epoch) return;
    const where = now === undefined ? 'outside of every context' : `in the context of ${now.name}`;
    throw new TenantSwitchError(
      `${this.#what} that was made in the context of ${name} was used ${where}. Nothing was sent anywhere.`,
      { tenant: name, hint: 'Make it and use it inside of one tenancy.run.' },
    );
  }

  #madeOutside(): NoTenantError {
    return new NoTenantError(`${this.#what} that was made outside of every context belongs to no tenant.`, {
      hint: 'Make it inside of tenancy.run(name, fn).',
    });
  }
}
