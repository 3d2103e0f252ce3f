import { randomUUID } from 'node:crypto';
import { NotSupportedError } from '../../errors.js';

/**
 * What a host is told that asks once where it is, and writes the answer into statements of every tenant
 * thereafter: a name that nothing has, so that no such statement reaches a server. TypeORM's schema tools do that.
 */
export class KeptName {
  readonly name = `tenantry_${randomUUID().replaceAll('-', '')}`;
  readonly #question: string;
  #isTold = false;

  /** @param question the text in which the host asks, by which it is recognized */
  constructor(question: string) {
    this.#question = question;
  }

  /** Whether it is asked now, for the first time, where the answer matters: later on whoever asks wants to know. */
  isAsked(statement: unknown, matters: () => boolean = () => true): boolean {
    if (this.#isTold || textOf(statement) !== this.#question || !matters()) return false;
    this.#isTold = true;
    return true;
  }

  /** @throws NotSupportedError (`TENANTRY_NOT_SUPPORTED`) for a statement in which the name is. */
  assertAbsent(statement: unknown, values: unknown): void {
    if (!this.#isTold) return;
    const isThere = (value: unknown) => typeof value === 'string' && value.includes(this.name);
    if (!isThere(textOf(statement)) && !(Array.isArray(values) && values.some(isThere))) return;
    throw new NotSupportedError(
      'This statement is for the database in which the DataSource was initialized, not for the tenant in context.',
      {
        hint: 'Make the DataSource with ambientTypeorm of tenantry/orm: then schema tools work on the tenant.',
      },
    );
  }
}

function textOf(statement: unknown): unknown {
  if (typeof statement !== 'object' || statement === null) return statement;
  return Reflect.get(statement, 'sql') ?? Reflect.get(statement, 'text');
}
