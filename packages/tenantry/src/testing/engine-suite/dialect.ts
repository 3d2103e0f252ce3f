import type { EngineName } from '../../engine/capabilities.js';

/** How the suite says in a dialect what the dialects say differently. */
export interface SuiteDialect {
  /** The placeholder of the nth parameter, counted from 1. */
  placeholder(n: number): string;
  /** A column type that holds any bytes. */
  readonly binary: string;
  /** A statement that writes and begins as one that reads. */
  readonly hiddenWrite: string;
  /** Session questions, or undefined where the engine has no server. */
  readonly sessions: SessionDialect | undefined;
}

/** How to ask a server about its sessions. */
export interface SessionDialect {
  /** A statement that takes a minute and costs nothing. */
  readonly sleep: string;
  /** A statement that takes very long, and goes on when its client has gone without a word. */
  readonly endless: string;
  /** Gives this session's `id`. */
  readonly ownId: string;
  /** Gives `n`, 1 while the session is there. */
  count(id: number): string;
  /** Gives `n`, 1 while the session runs a statement. */
  countRunning(id: number): string;
  /** Ends a session. */
  kill(id: number): string;
}

/** The dialects that an engine's capabilities can name. */
export const suiteDialects: Readonly<Record<EngineName, SuiteDialect>> = {
  mysql: {
    placeholder: () => '?',
    binary: 'VARBINARY(1000)',
    hiddenWrite: "SELECT a FROM t INTO OUTFILE '/tmp/t'",
    sessions: {
      sleep: 'SELECT SLEEP(60)',
      // MariaDB's SLEEP looks whether its client is still there.
      endless: "SELECT BENCHMARK(100000000000, SHA2('a', 512))",
      ownId: 'SELECT CONNECTION_ID() AS id',
      count: (id) => `SELECT COUNT(*) AS n FROM information_schema.processlist WHERE id = ${id}`,
      countRunning: (id) =>
        `SELECT COUNT(*) AS n FROM information_schema.processlist WHERE id = ${id} AND command = 'Query'`,
      kill: (id) => `KILL ${id}`,
    },
  },
  postgres: {
    placeholder: (n) => `$${n}`,
    binary: 'BYTEA',
    hiddenWrite: 'WITH gone AS (DELETE FROM t RETURNING *) SELECT * FROM gone',
    sessions: {
      sleep: 'SELECT pg_sleep(60)',
      endless: 'SELECT pg_sleep(600)',
      ownId: 'SELECT pg_backend_pid() AS id',
      count: (id) => `SELECT COUNT(*) AS n FROM pg_stat_activity WHERE pid = ${id}`,
      countRunning: (id) =>
        `SELECT COUNT(*) AS n FROM pg_stat_activity WHERE pid = ${id} AND state = 'active'`,
      kill: (id) => `SELECT pg_terminate_backend(${id})`,
    },
  },
  sqlite: {
    placeholder: () => '?',
    binary: 'BLOB',
    hiddenWrite: 'WITH these AS (SELECT 1 AS a) DELETE FROM t WHERE a IN these',
    sessions: undefined,
  },
};
