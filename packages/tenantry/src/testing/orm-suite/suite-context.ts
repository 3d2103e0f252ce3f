import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { tenancyErrorOf } from '../../errors/tenancy-error-of.js';
import type { ErrorCode } from '../../errors.js';
import type { Tenancy } from '../../tenancy.js';
import type { OrmSetting, OrmUnderTest } from './fixture.js';

/** What every part of the suite works with. */
export class OrmSuiteContext {
  #setting: OrmSetting | undefined;
  #orm: OrmUnderTest | undefined;
  #ids = 100;

  constructor(makeSetting: () => Promise<OrmSetting>) {
    beforeAll(async () => {
      this.#setting = await makeSetting();
      this.#orm = await this.#setting.open();
      // A row in each that says whose it is.
      for (const tenant of this.tenants) await this.in(tenant, () => this.orm.add(1, `of ${tenant}`));
    });
    // Whatever a test did, nothing of it may still hold a connection.
    afterEach(async () => {
      await expect.poll(() => this.#connectionsInUse()).toBe(0);
    });
    afterAll(async () => {
      await this.#orm?.close();
      await this.#setting?.close();
    });
  }

  get tenancy(): Tenancy {
    return this.#made(this.#setting).tenancy;
  }

  get tenants(): readonly string[] {
    return this.#made(this.#setting).tenants;
  }

  /** Every table of a tenant, or of the template; undefined where tenants have none of their own. */
  tablesOf(tenant: string | undefined): Promise<string[]> | undefined {
    return this.#made(this.#setting).tables?.(tenant);
  }

  get orm(): OrmUnderTest {
    return this.#made(this.#orm);
  }

  /** Two tenants; a third of the suite asks for no more. */
  get pair(): readonly [string, string] {
    const [a, b] = this.tenants;
    if (a === undefined || b === undefined) throw new Error('The suite needs at least ten tenants.');
    return [a, b];
  }

  /** An id that no test has used. */
  newId(): number {
    return ++this.#ids;
  }

  in<T>(tenant: string, work: () => PromiseLike<T>): Promise<T> {
    return this.tenancy.run(tenant, work);
  }

  /** The first name that the tenant has: whose rows they are. */
  async owner(): Promise<string | undefined> {
    return (await this.orm.names())[0];
  }

  namesOf(tenant: string): Promise<string[]> {
    return this.in(tenant, () => this.orm.names());
  }

  #connectionsInUse(): number {
    const { servers } = this.tenancy.stats();
    return Object.values(servers).reduce((sum, { inUse }) => sum + inUse, 0);
  }

  #made<T>(value: T | undefined): T {
    if (value === undefined) throw new Error('The setting could not be made.');
    return value;
  }
}

/** Whether an error is, or was caused by, one of tenantry's with this code; ORMs wrap what a driver throws. */
export function hasCode(error: unknown, code: ErrorCode): boolean {
  return tenancyErrorOf(error)?.code === code;
}
