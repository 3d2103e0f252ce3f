import type { Row } from '../../engine/connection.js';
import { isServerReply } from './errors.js';
import { quoteIdentifier } from './identifiers.js';

/** What every session has, whatever the server's defaults. */
export const SESSION_SETUP =
  "SET NAMES utf8mb4 COLLATE utf8mb4_unicode_ci, time_zone = '+00:00', autocommit = 1";

/** What the server's version text tells. */
export interface ServerKind {
  readonly isMariaDb: boolean;
  /**
   * Whether commands may be sent before the replies to earlier ones, and COM_RESET_CONNECTION is known.
   * MariaDB does both from 10.3, MySQL from 8.0 (Amazon's Aurora hangs with 5.7); ProxySQL does not.
   */
  readonly pipelines: boolean;
}

/** Reads a version text such as `8.4.2`, `10.11.6-MariaDB`, `5.5.5-10.6.18-MariaDB-log`. */
export function recognizeServer(version: string): ServerKind {
  const isMariaDb = /mariadb/i.test(version);
  // MariaDB before 11 puts this in front, for the sake of old replicas.
  const numbers = /^(\d+)\.(\d+)/.exec(version.replace(/^5\.5\.5-(?=\d)/, ''));
  const release = Number(numbers?.[1] ?? 0) * 100 + Number(numbers?.[2] ?? 0);
  return { isMariaDb, pipelines: release >= (isMariaDb ? 1003 : 800) && !/proxysql/i.test(version) };
}

/** What a connection asks its server once. */
export interface ServerFacts {
  /** Differs between server instances, even where one was cloned from the other. */
  readonly instance: string;
  /** Whether the server folds the case of database names. */
  readonly foldsNames: boolean;
  /** The statements that a session needs after COM_RESET_CONNECTION, so that it is as ours are. */
  readonly setup: readonly string[];
  /**
   * What is to be sent before COM_RESET_CONNECTION, which leaves it alone: the recorded texts of statements, and the
   * number of rows of the last one. The second part leaves a variable, which the reset takes away.
   */
  readonly forgetting: readonly string[];
  /** Whether the server reports it where a session changes the character set of its client. */
  readonly reportsCharset: boolean;
  /** Whether that is all it takes. */
  readonly resetsFully: boolean;
}

const ADDRESS = '@@hostname, @@port, @@server_id';
const ROLES = 'CURRENT_ROLE() AS role, (SELECT COUNT(*) FROM information_schema.APPLICABLE_ROLES) AS roles';
const DEFAULTS = `${ROLES}, @@autocommit AS autocommit, @@time_zone AS zone, @@system_time_zone AS system_zone,
  CONCAT_WS(' ', @@character_set_client, @@character_set_results, @@collation_connection) AS charset`;
/** Only where the server can record statements. */
const TRACKED = '@@session_track_system_variables AS tracked';
const RECORDING = '@@profiling_history_size AS recorded';
const FORGETTING = 'SET profiling_history_size = 0, @forgotten = (SELECT 0 UNION SELECT 0)';
const OUR_CHARSET = 'utf8mb4 utf8mb4 utf8mb4_unicode_ci';

/** From what a recent server knows to what any does; the first without an error counts. */
const QUESTIONS_TO_MARIADB = [
  question(`@@server_uid, ${ADDRESS}`, `${DEFAULTS}, ${TRACKED}, ${RECORDING}`),
  question(ADDRESS, `${DEFAULTS}, ${TRACKED}, ${RECORDING}`),
  question(ADDRESS, DEFAULTS),
];
const QUESTIONS_TO_MYSQL = [
  question(`@@server_uuid, ${ADDRESS}`, `${ROLES}, ${TRACKED}`),
  question(`@@server_uuid, ${ADDRESS}`, ROLES),
  question(`@@server_uuid, ${ADDRESS}`),
  question(ADDRESS),
];

/** Asks a server what it is, and on MariaDB whether its own defaults make a session as ours are. */
export async function askServer(
  { isMariaDb }: ServerKind,
  ask: (sql: string) => Promise<Row>,
): Promise<ServerFacts> {
  const [best, ...others] = isMariaDb ? QUESTIONS_TO_MARIADB : QUESTIONS_TO_MYSQL;
  let answer = ask(best as string);
  for (const sql of others) {
    answer = answer.catch((error: unknown) => {
      if (isServerReply(error)) return ask(sql);
      throw error;
    });
  }
  const row = await answer;
  return {
    instance: String(row.instance),
    foldsNames: Number(row.folds) !== 0,
    setup: isMariaDb ? setupOnMariaDb(row) : setupOnMysql(row),
    reportsCharset: /(?:^|,)\s*(?:\*|character_set_client)\s*(?:,|$)/.test(String(row.tracked ?? '')),
    forgetting: isMariaDb && row.recorded !== undefined ? [FORGETTING] : [],
    // What init_connect does is done once, and a reset undoes it.
    resetsFully: row.init_connect === '' && row.roles !== undefined,
  };
}

function question(instance: string, more?: string): string {
  const columns = `CONCAT_WS(' ', ${instance}) AS instance, @@lower_case_table_names AS folds, @@init_connect AS init_connect`;
  return `SELECT ${columns}${more === undefined ? '' : `, ${more}`}`;
}

/** A reset brings the character set of the handshake back, and leaves the role alone. */
function setupOnMariaDb(row: Row): readonly string[] {
  const hasRoles = Number(row.roles) > 0 || row.role !== null;
  const isUtc = row.zone === '+00:00' || (row.zone === 'SYSTEM' && row.system_zone === 'UTC');
  if (!hasRoles && isUtc && Number(row.autocommit) === 1 && row.charset === OUR_CHARSET) return [];
  if (!hasRoles) return [SESSION_SETUP];
  return [`${SESSION_SETUP}, ROLE ${row.role === null ? 'NONE' : quoteIdentifier(String(row.role))}`];
}

/** A reset brings the server's default character set, and leaves the roles alone. */
function setupOnMysql(row: Row): readonly string[] {
  return Number(row.roles ?? 0) > 0 ? [SESSION_SETUP, 'SET ROLE DEFAULT'] : [SESSION_SETUP];
}
