import { describe, expect, it } from 'vitest';
import type { Row, Tenancy } from '../../packages/tenantry/src/index.js';
import { useNamespace } from '../helpers/engines.js';
import { openTenancy } from '../tenancy/tenancies.js';
import { forEachServerEngine, NOTES, outcome, type ServerEngine } from './setting.js';

/** Something that a borrower leaves in its session, and how the next one would see it. */
interface Remains {
  readonly leave: readonly string[];
  /** Gives one value that differs if it is still there, or fails where it is gone. */
  readonly look: string;
  /** Whether not even the same tenant may meet it again, because it would change what happens to its data. */
  readonly neverAgain?: boolean;
}

const REMAINS: Readonly<Record<ServerEngine, Readonly<Record<string, Remains>>>> = {
  mysql: {
    'an open transaction': {
      leave: ['START TRANSACTION'],
      look: 'SELECT @@in_transaction',
      neverAgain: true,
    },
    'autocommit that is off': {
      leave: ['SET autocommit = 0'],
      look: 'SELECT @@autocommit',
      neverAgain: true,
    },
    'a session variable': { leave: ['SET SESSION sql_mode = ANSI'], look: 'SELECT @@sql_mode' },
    'a time zone': { leave: ["SET time_zone = '+05:00'"], look: 'SELECT @@time_zone' },
    'a character set': { leave: ['SET NAMES latin1'], look: 'SELECT @@character_set_client' },
    'an isolation level': {
      leave: ['SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE'],
      look: 'SELECT @@tx_isolation',
    },
    'a user variable that was set': { leave: ["SET @left = 'behind'"], look: 'SELECT @left' },
    'a user variable that was assigned': { leave: ["SELECT @left := 'behind'"], look: 'SELECT @left' },
    'a temporary table': {
      leave: ['CREATE TEMPORARY TABLE left_behind (id INT)'],
      look: 'SELECT * FROM left_behind',
    },
    'a user lock': {
      leave: ["SELECT GET_LOCK('left_behind', 0)"],
      look: "SELECT IS_USED_LOCK('left_behind') IS NULL",
    },
    'a table lock': { leave: ['LOCK TABLES notes WRITE'], look: 'SELECT COUNT(*) FROM tenantry_identity' },
    'a prepared statement': { leave: ["PREPARE left_behind FROM 'SELECT 1'"], look: 'EXECUTE left_behind' },
    'another database': { leave: ['USE information_schema'], look: 'SELECT DATABASE()', neverAgain: true },
    'a generated key': { leave: ['SELECT LAST_INSERT_ID(42)'], look: 'SELECT LAST_INSERT_ID()' },
  },
  postgres: {
    'an open transaction': {
      leave: ['BEGIN'],
      look: 'SAVEPOINT left_behind',
      neverAgain: true,
    },
    'a failed transaction': { leave: ['BEGIN', 'SELECT 1 / 0'], look: 'SELECT 1', neverAgain: true },
    'a setting': { leave: ["SET statement_timeout = '1h'"], look: 'SHOW statement_timeout' },
    'a time zone': { leave: ["SET TimeZone = 'Asia/Tokyo'"], look: 'SHOW TimeZone' },
    'a search_path': { leave: ["SET search_path = 'pg_catalog'"], look: 'SHOW search_path' },
    'a role': { leave: ['SET ROLE pg_monitor'], look: 'SELECT current_user' },
    'a temporary table': {
      leave: ['CREATE TEMPORARY TABLE left_behind (id INT)'],
      look: 'SELECT * FROM left_behind',
    },
    'an advisory lock': {
      leave: ['SELECT pg_advisory_lock(4242)'],
      look: "SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 4242 AND pid = pg_backend_pid()",
    },
    'a prepared statement': { leave: ['PREPARE left_behind AS SELECT 1'], look: 'EXECUTE left_behind' },
    'a channel that is listened to': {
      leave: ['LISTEN left_behind'],
      look: 'SELECT COUNT(*) FROM pg_listening_channels()',
    },
    'a cursor': {
      leave: ['DECLARE left_behind CURSOR WITH HOLD FOR SELECT 1'],
      look: 'SELECT COUNT(*) FROM pg_cursors',
    },
  },
};

forEachServerEngine((engine, name) => {
  const namespace = useNamespace(engine);
  let tenancy: Tenancy;

  describe.each(Object.entries(REMAINS[name]))(
    '%s that a borrower leaves',
    (what, { leave, look, neverAgain }) => {
      const whom = neverAgain ? 'another tenant, nor its own again' : 'another tenant';
      it(`never meets ${whom}`, async () => {
        tenancy = await openTenancy(namespace(), {
          // One connection, so that whoever comes next gets what the one before had.
          servers: { main: { url: namespace().url, maxConnections: name === 'mysql' ? 2 : 1 } },
          provision: { script: NOTES },
        });
        const suffix = what.replaceAll(/\W/g, '_');
        const [first, second] = [namespace().name(`1_${suffix}`), namespace().name(`2_${suffix}`)];
        for (const tenant of [first, second]) await tenancy.tenants.create({ name: tenant });
        const before = { first: await see(first), second: await see(second) };
        await leaveIn(first);
        expect(await see(second)).toEqual(before.second);
        await leaveIn(first);
        if (neverAgain) expect(await see(first)).toEqual(before.first);
      });

      async function leaveIn(tenant: string): Promise<void> {
        // What fails, as in a failed transaction, leaves something as well.
        for (const sql of leave) await outcome(tenancy.session(tenant).execute(sql));
      }

      async function see(tenant: string): Promise<unknown> {
        try {
          const rows = await tenancy.session(tenant).query<Row>(look);
          return rows.map((row) => Object.values(row).map(String));
        } catch (error) {
          return (error as { kind?: string }).kind;
        }
      }
    },
  );
});
