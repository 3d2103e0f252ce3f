import type { DriverStatement } from './driver-handle.js';
import type { StatementRule } from './statement-rules.js';

/** A statement that was checked and prepared. */
export interface PreparedStatement {
  readonly rule: StatementRule;
  readonly statement: DriverStatement;
  /** The statement's own `reader`, which libsql takes half a microsecond to say. */
  readonly reader: boolean;
}

/** Statements kept for each connection, and the longest text of one: about a megabyte at worst. */
const MAX_STATEMENTS = 64;
const MAX_TEXT_LENGTH = 8192;

/** The prepared statements of one connection; the least recently used give way. */
export class PreparedStatements {
  readonly #bySql = new Map<string, PreparedStatement>();

  get(sql: string): PreparedStatement | undefined {
    const prepared = this.#bySql.get(sql);
    // Only a cache that is full has to know what was used last.
    if (prepared !== undefined && this.#bySql.size === MAX_STATEMENTS) {
      this.#bySql.delete(sql);
      this.#bySql.set(sql, prepared);
    }
    return prepared;
  }

  add(sql: string, prepared: PreparedStatement): void {
    if (sql.length > MAX_TEXT_LENGTH) return;
    if (this.#bySql.size === MAX_STATEMENTS) {
      const [oldest] = this.#bySql.keys();
      if (oldest !== undefined) this.#bySql.delete(oldest);
    }
    this.#bySql.set(sql, prepared);
  }

  clear(): void {
    this.#bySql.clear();
  }
}
