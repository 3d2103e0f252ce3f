import { once } from 'node:events';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rowPolicies } from '../../packages/tenantry/src/engines/postgres/index.js';
import type { CredentialsOf, Session, Tenancy } from '../../packages/tenantry/src/index.js';
import { outcome } from '../faults/setting.js';
import { administrate } from '../helpers/administrator.js';
import { onEngine, useNamespace } from '../helpers/engines.js';
import { openSharedDatabase, type SharedDatabase } from '../helpers/shared-database.js';
import { openTenancy } from './tenancies.js';

const SCHEMA = 'CREATE TABLE users (id serial PRIMARY KEY, username text NOT NULL);';
const NAMES = 'SELECT username FROM users';
const WHO = 'SELECT session_user::text AS who, pg_backend_pid() AS pid';
const PASSWORD = 'secret';

/** What a tenant's own user needs, as docs/isolation.md says it. */
const GRANTS = {
  schema: (part: string) => [
    'USAGE ON SCHEMA tenantry',
    'SELECT ON tenantry.part_identity',
    `USAGE ON SCHEMA "${part}"`,
    `SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "${part}"`,
    `USAGE ON ALL SEQUENCES IN SCHEMA "${part}"`,
  ],
  row: () => [
    'USAGE ON SCHEMA tenantry',
    'SELECT ON tenantry.part_identity',
    'SELECT, INSERT, UPDATE, DELETE ON users, notes',
    'USAGE ON SEQUENCE users_id_seq',
  ],
} as const;

/** A tenant, the part of the database that is its own, and the user that may reach it. */
interface Guest {
  readonly name: string;
  readonly part: string;
  readonly user: string;
}

onEngine('postgres', (engine) => {
  const namespace = useNamespace(engine);

  describe.each(['schema', 'row'] as const)('tenants by %s that have users of their own', (isolation) => {
    const users: string[] = [];
    let shared: SharedDatabase;
    let [a, b]: Guest[] = [];
    beforeAll(async () => {
      shared = await openSharedDatabase(namespace(), isolation);
      if (isolation === 'row') await shared.owner(TABLES);
      [a, b] = [await createGuest('a'), await createGuest('b')];
    });
    afterAll(async () => {
      await shared?.close();
      await using administrator = await administrate(namespace().url);
      for (const user of users) await administrator.query(`DROP ROLE "${user}"`);
    });

    function open(credentials: CredentialsOf = ownUser, maxConnections = 2): Promise<Tenancy> {
      return openTenancy(namespace(), {
        servers: { main: { url: shared.url, isolation, maxConnections } },
        provision: { script: SCHEMA },
        credentials,
      });
    }

    /** A tenant that is whole, with a row of its own and a user; all of the grants but the one at `missing`. */
    async function createGuest(suffix: string, missing?: number): Promise<Guest> {
      const name = namespace().name(`${suffix}_${isolation}`);
      const owner = await open(() => undefined);
      const { placement } = await owner.tenants.create({ name });
      const part = String(placement.schema ?? placement.rowKey);
      const user = `t_${part}`;
      await shared.owner(`CREATE ROLE "${user}" LOGIN PASSWORD '${PASSWORD}'`);
      users.push(user);
      await grant(part, user, missing);
      await shared.owner(
        isolation === 'schema'
          ? `INSERT INTO "${part}".users (username) VALUES ('user of ${name}')`
          : `INSERT INTO users (tenant, username) VALUES ('${part}', 'user of ${name}');
             INSERT INTO notes VALUES ('${part}', 'note of ${name}')`,
      );
      return { name, part, user };
    }

    async function grant(part: string, user: string, missing?: number): Promise<void> {
      const grants = GRANTS[isolation](part).filter((_, index) => index !== missing);
      await shared.owner(grants.map((rights) => `GRANT ${rights} TO "${user}"`).join(';'));
    }

    /** Whoever knows a user's password, past tenantry. */
    async function connect({ user }: Guest): Promise<pg.Client> {
      const url = new URL(shared.url);
      url.username = user;
      url.password = PASSWORD;
      const client = new pg.Client({ connectionString: url.href });
      await client.connect();
      return client;
    }

    it('are served as those, and never by a connection of another user', async () => {
      for (const maxConnections of [1, 2]) {
        const tenancy = await open(ownUser, maxConnections);
        const usersOf = new Map<unknown, unknown>();
        const calls = Array.from({ length: 24 }, async (_, index) => {
          const { name, user } = [a, b, b][index % 3] as Guest;
          await tenancy.session(name).transaction(async (tx) => {
            const [{ who, pid } = {}] = await tx.query(WHO);
            expect(who).toBe(user);
            expect(usersOf.get(pid) ?? user).toBe(user);
            usersOf.set(pid, user);
            expect(await tx.query(NAMES)).toEqual(own(name));
          });
        });
        await Promise.all(calls);
        expect(tenancy.stats().servers.main?.totals).toMatchObject({ rebinds: 0 });
      }
    });

    it('share connections only where they share a user', async () => {
      const [c, d, e] = [await createGuest('c'), await createGuest('d'), await createGuest('e')];
      await grant(d.part, c.user);
      const tenancy = await open(({ name }) => ({
        user: name === e.name ? e.user : c.user,
        password: PASSWORD,
      }));
      for (const { name } of [c, d, c, d, e, d, c]) {
        expect(await tenancy.session(name).query(NAMES), name).toEqual(own(name));
      }
      expect(tenancy.stats().servers.main?.totals.rebinds).toBeGreaterThan(0);
      const [{ who } = {}] = await tenancy.session(e.name).query(WHO);
      expect(who).toBe(e.user);
    });

    it('need each of the grants that the documentation names', async () => {
      const tenancy = await open();
      for (const [index, rights] of GRANTS[isolation]('').entries()) {
        const { name } = await createGuest(`needs_${index}`, index);
        const insert = "INSERT INTO users (username) VALUES ('another')";
        expect(await outcome(tenancy.session(name).query(insert)), rights).toBe(
          rights.includes('tenantry')
            ? 'TENANTRY_SERVER_REFUSED'
            : rights === 'USAGE ON SCHEMA ""'
              ? // The server shows a schema that may not be used to nobody.
                'TENANTRY_IDENTITY_MISMATCH'
              : 'TENANTRY_QUERY_FAILED',
        );
      }
      const whole = await createGuest('needs_nothing');
      const insert = "INSERT INTO users (username) VALUES ('another')";
      expect(await outcome(tenancy.session(whole.name).query(insert))).toBe('ok');
    });

    it('cannot become another user, nor say whose a part is', async () => {
      const tenancy = await open();
      for (const attack of [
        `SET ROLE "${b?.user}"`,
        `SET SESSION AUTHORIZATION "${b?.user}"`,
        `ALTER ROLE "${b?.user}" PASSWORD 'mine'`,
        `GRANT "${b?.user}" TO CURRENT_USER`,
        'UPDATE tenantry.part_identity SET epoch = 7',
        'DELETE FROM tenantry.part_identity',
        "INSERT INTO tenantry.part_identity VALUES ('row', 'x', 'x', 'x', 1, 1, 'active')",
        'CREATE TABLE tenantry.identity (tenant_id text)',
      ]) {
        const call = tenancy.session(nameOf(a)).query(attack);
        await expect(call, attack).rejects.toMatchObject({ kind: 'access-denied' });
      }
    });

    it('keep their parts, whatever is the default of their user’s sessions', async () => {
      const { name, user } = await createGuest('default');
      if (isolation === 'schema') {
        const tenancy = await open();
        await tenancy.session(name).query(`ALTER ROLE CURRENT_USER SET search_path TO "${b?.part}"`);
      } else {
        await shared.owner(`ALTER ROLE "${user}" SET tenantry.tenant TO '${b?.part}'`);
      }
      const fresh = await open();
      expect(await fresh.session(name).query(NAMES)).toEqual(own(name));
    });

    it('hear what another sends with NOTIFY, and see whose parts there are: a database has no walls there', async () => {
      const listener = await connect(a as Guest);
      const heard = once(listener, 'notification');
      await listener.query('LISTEN news');
      const tenancy = await open();
      await tenancy.session(nameOf(b)).query("SELECT pg_notify('news', 'for the others')");
      expect(await heard).toMatchObject([{ payload: 'for the others' }]);
      const { rows } = await listener.query('SELECT part FROM tenantry.part_identity');
      expect(rows).toContainEqual({ part: b?.part });
      await listener.end();
    });

    if (isolation === 'schema') {
      it('are refused by the server where a statement names another’s schema', async () => {
        const tenancy = await open();
        for (const attack of [
          `SELECT * FROM "${b?.part}".users`,
          `INSERT INTO "${b?.part}".users (username) VALUES ('stranger')`,
          `DELETE FROM "${b?.part}".users`,
          `SELECT nextval('"${b?.part}".users_id_seq')`,
          `CREATE TABLE "${b?.part}".mine ()`,
          `DROP SCHEMA "${b?.part}" CASCADE`,
        ]) {
          await expect(tenancy.session(nameOf(a)).query(attack), attack).rejects.toMatchObject({
            kind: 'access-denied',
            message: expect.stringMatching(/permission denied|must be owner/),
          });
        }
        expect(await tenancy.session(nameOf(b)).query(NAMES)).toEqual(own(nameOf(b)));
      });

      it('find nothing of another’s by a search_path of their own', async () => {
        const tenancy = await open();
        for (const attack of [
          `SET LOCAL search_path TO "${b?.part}"`,
          `SELECT set_config('search_path', '"${b?.part}", public', false)`,
        ]) {
          const call = afterwards(tenancy.session(nameOf(a)), attack, NAMES);
          await expect(call, attack).rejects.toMatchObject({ kind: 'missing-table' });
        }
        expect(await tenancy.session(nameOf(a)).query(NAMES)).toEqual(own(nameOf(a)));
      });

      it('lose no more than one of them with its password', async () => {
        const thief = await connect(a as Guest);
        expect((await thief.query(`SELECT username FROM "${a?.part}".users`)).rows).toEqual(own(nameOf(a)));
        await expect(thief.query(`SELECT * FROM "${b?.part}".users`)).rejects.toThrow(/permission denied/);
        await thief.end();
      });
    } else {
      const becomeB = () => `SELECT set_config('tenantry.tenant', '${b?.part}', true)`;

      it('reach another’s rows by set_config, for the policies do not ask for the user', async () => {
        const tenancy = await open();
        expect(await afterwards(tenancy.session(nameOf(a)), becomeB(), NAMES)).toEqual(own(nameOf(b)));
        expect(await tenancy.session(nameOf(a)).query(NAMES)).toEqual(own(nameOf(a)));
      });

      it('reach none where a policy asks for the user as well', async () => {
        const tenancy = await open();
        const session = tenancy.session(nameOf(a));
        const notes = 'SELECT note FROM notes';
        expect(await session.query(notes)).toEqual([{ note: `note of ${nameOf(a)}` }]);
        expect(await afterwards(session, becomeB(), notes)).toEqual([]);
        const insert = `INSERT INTO notes VALUES ('${b?.part}', 'stranger')`;
        await expect(afterwards(session, becomeB(), insert)).rejects.toThrow(/row-level security/);
        expect(await tenancy.session(nameOf(b)).query(notes)).toEqual([{ note: `note of ${nameOf(b)}` }]);
      });

      it('lose all with one password, but what such a policy guards', async () => {
        const thief = await connect(a as Guest);
        await thief.query('BEGIN');
        await thief.query(becomeB());
        expect((await thief.query(NAMES)).rows).toEqual(own(nameOf(b)));
        expect((await thief.query('SELECT note FROM notes')).rows).toEqual([]);
        await thief.end();
      });
    }
  });
});

/** Each tenant's user is called after its part. */
const ownUser: CredentialsOf = ({ placement: { schema, rowKey } }) => ({
  user: `t_${schema ?? rowKey}`,
  password: PASSWORD,
});

const own = (name: string) => [{ username: `user of ${name}` }];
const nameOf = (guest: Guest | undefined) => String(guest?.name);

/** What a statement comes to after another one, on the same connection. */
function afterwards(session: Session, first: string, then: string) {
  return session.transaction(async (tx) => {
    await tx.query(first);
    return tx.query(then);
  });
}

/** Tables that tenants share, as their owner makes them; `notes` are kept apart by the user as well. */
const TABLES = `
  CREATE TABLE users (
    id serial PRIMARY KEY,
    tenant uuid NOT NULL DEFAULT current_setting('tenantry.tenant')::uuid,
    username text NOT NULL
  );
  CREATE TABLE notes (tenant uuid NOT NULL, note text NOT NULL);
  ${rowPolicies('users', 'tenant', { type: 'uuid' })}
  ${rowPolicies('notes', 'tenant', { type: 'uuid' })}
  CREATE POLICY tenant_user ON notes AS RESTRICTIVE USING (session_user = 't_' || tenant::text);`;
