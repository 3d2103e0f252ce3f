import { randomBytes } from 'node:crypto';
import { administrate } from '../../../../../test/helpers/administrator.js';
import { type EngineUnderTest, onEngine } from '../../../../../test/helpers/engines.js';
import { parseAddress } from '../../../src/engine/address.js';
import { postgres } from '../../../src/engines/postgres/index.js';
import { describeEnginePart, type EngineFixture } from '../../../src/testing/index.js';

const PASSWORD = 'app';
/** Takes each new table from the user that made it, as if a migration had made it, and gives it policies. */
const GUARD_NEW_TABLES = `
  CREATE FUNCTION guard_new_tables() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
  DECLARE made record;
  BEGIN
    FOR made IN SELECT * FROM pg_event_trigger_ddl_commands()
      WHERE object_type = 'table' AND schema_name = 'public'
    LOOP
      EXECUTE format('ALTER TABLE %s OWNER TO postgres', made.object_identity);
      EXECUTE format('ALTER TABLE %s ADD COLUMN tenant text DEFAULT current_setting(''tenantry.tenant'', true)',
        made.object_identity);
      EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO PUBLIC', made.object_identity);
      EXECUTE 'GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO PUBLIC';
      EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', made.object_identity);
      EXECUTE format('CREATE POLICY everybody ON %s USING (true)', made.object_identity);
      EXECUTE format('CREATE POLICY own ON %s AS RESTRICTIVE
        USING (tenant = current_setting(''tenantry.tenant'', true))', made.object_identity);
    END LOOP;
  END $$;
  CREATE EVENT TRIGGER guard_new_tables ON ddl_command_end
    WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION guard_new_tables();
  GRANT CREATE ON SCHEMA public TO PUBLIC;`;

onEngine('postgres', (engine) => {
  describeEnginePart('postgres, in a schema', () => fixture(engine, 'schema'));
  describeEnginePart('postgres, in rows', () => fixture(engine, 'row'));
});

async function fixture(engine: EngineUnderTest, isolation: 'schema' | 'row'): Promise<EngineFixture> {
  const namespace = await engine.openNamespace();
  const administrator = await administrate(namespace.url);
  const user = `maker_${randomBytes(6).toString('hex')}`;
  await administrator.query(`CREATE ROLE ${user} LOGIN CREATEDB PASSWORD '${PASSWORD}'`);
  await administrator.query(`GRANT pg_signal_backend, pg_monitor TO ${user}`);
  const url = new URL(namespace.server?.tcpUrl ?? '');
  url.username = user;
  url.password = PASSWORD;
  // Who may see everything is refused only where row-level security is to keep tenants apart.
  const server = postgres.server(parseAddress(isolation === 'schema' ? namespace.url : url.href));
  const owner = await postgres.server(parseAddress(namespace.url)).provisioning();
  let databases = 0;
  const missing = 'the suite of the whole database tries it';
  return {
    server,
    databaseName: () => namespace.name(`Shared_${++databases}`),
    refused: { missing },
    unreachable: { missing },
    silent: { missing },
    part: {
      // Temporary tables come last in its path; and only administrators can be somebody else.
      impossible: [isolation === 'schema' ? 'a temporary table that hides another' : 'another user'],
      place: isolation === 'schema' ? { isolation, schema: 'Suite' } : { isolation, key: 'suite' },
      prepare: (database) =>
        isolation === 'row' ? owner.runScript(database, GUARD_NEW_TABLES) : Promise.resolve(),
    },
    async close() {
      await namespace.close();
      await administrator.query(`DROP ROLE ${user}`);
      await administrator.close();
    },
  };
}
