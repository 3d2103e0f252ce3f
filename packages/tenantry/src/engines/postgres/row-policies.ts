import { InvalidInputError } from '../../errors.js';
import { quoteForMessage } from '../../tenant/name.js';
import { ROW_SETTING } from './binding.js';
import { quoteIdentifier, quoteLiteral } from './identifiers.js';

/** The types that a tenant's column may have: those in which two row keys are never one value. */
export type RowKeyType = 'text' | 'uuid' | 'integer' | 'bigint';

const TYPES: readonly RowKeyType[] = ['text', 'uuid', 'integer', 'bigint'];

/**
 * The SQL that keeps the tenants of a shared table apart: run it as the table's owner, once, in the
 * migration that makes the table. From then on a session sees, changes and inserts the rows of the tenant
 * that it is bound to, and one that is bound to none has no rows at all; the owner is no exception. The
 * restricting policy holds whatever other policies the table gets.
 *
 * @param table `users`, or `app.users` with its schema; each part is quoted.
 * @param column the column that holds the tenant's row key; it should lead the table's indexes.
 * @param options `type` of the column: `text` (default), `uuid`, `integer` or `bigint`.
 * @throws InvalidInputError (`TENANTRY_INVALID_INPUT`) for names and types that cannot be.
 * @example
 * ```ts
 * await owner.query(rowPolicies('users', 'tenant_id', { type: 'uuid' }))
 * ```
 */
export function rowPolicies(
  table: string,
  column: string,
  options: { readonly type?: RowKeyType } = {},
): string {
  const type = typeIn(options);
  assertText('column', column);
  // Once set, a setting of our own is never unset again but empty. The cast is on its side, so that the
  // column's index is of use.
  const key = `NULLIF(pg_catalog.current_setting('${ROW_SETTING}', true), '')::pg_catalog.${nameOf[type]}`;
  const isOwn = `${quoteIdentifier(column)} = ${key}`;
  const name = quoteTable(table);
  return [
    ...forced(name),
    `CREATE POLICY tenantry_rows ON ${name} USING (true) WITH CHECK (true);`,
    `CREATE POLICY tenantry_tenant ON ${name} AS RESTRICTIVE USING (${isOwn}) WITH CHECK (${isOwn});`,
  ].join('\n');
}

/**
 * The SQL for a table whose rows every tenant may read and none may change: a list of countries, say. It
 * is said in the database, so that a table which was only forgotten is never taken for one that is shared.
 *
 * @throws InvalidInputError (`TENANTRY_INVALID_INPUT`) for names that cannot be.
 */
export function sharedPolicies(table: string): string {
  const name = quoteTable(table);
  return [...forced(name), `CREATE POLICY tenantry_shared ON ${name} FOR SELECT USING (true);`].join('\n');
}

/** A table in which tenants' rows are not kept apart, or may not be. */
export interface UnguardedTable {
  /** With its schema, quoted where it must be. */
  readonly table: string;
  readonly reason: string;
}

/** What is needed to look: a `pg.Client` or `pg.Pool`, a session, or anything that runs a query. */
export interface CatalogReader {
  query(sql: string): Promise<{ readonly rows: readonly object[] } | readonly object[]>;
}

/**
 * The tables that the asking role may use, itself or through views, and in which a tenant could meet another's rows. Ask as
 * the role that serves requests; tenantry does whenever it opens a connection, and refuses to go on if there are any.
 *
 * A policy counts that restricts every command, for everybody, by what {@link rowPolicies} writes: a column that equals the
 * setting `tenantry.tenant`. Whatever else it says as well could let other rows through, and is not trusted.
 *
 * Not looked at: functions that run with their owner's rights (`SECURITY DEFINER`), and foreign keys without the tenant's
 * column, which tell whether a row of another tenant exists, and by which a row that refers to one is changed with it.
 *
 * @throws InvalidInputError (`TENANTRY_INVALID_INPUT`) for what runs no queries.
 * @example
 * ```ts
 * expect(await unguardedTables(client)).toEqual([]) // in the tests of your migrations
 * ```
 */
export async function unguardedTables(reader: CatalogReader): Promise<readonly UnguardedTable[]> {
  const rows = rowsIn(await asReader(reader).query(UNGUARDED));
  return rows.map((row) => ({
    table: String(Reflect.get(row, 'table')),
    reason: String(Reflect.get(row, 'reason')),
  }));
}

function asReader(reader: unknown): CatalogReader {
  const isObject = typeof reader === 'object' && reader !== null;
  if (isObject && typeof Reflect.get(reader, 'query') === 'function') return reader as CatalogReader;
  throw new InvalidInputError(
    `unguardedTables cannot ask what is ${isObject ? 'without query' : what(reader)}.`,
    {
      hint: 'Pass a connected pg.Client or a pg.Pool.',
    },
  );
}

function rowsIn(result: unknown): readonly object[] {
  const rows: unknown =
    typeof result === 'object' && result !== null && 'rows' in result ? result.rows : result;
  if (Array.isArray(rows)) return rows as readonly object[];
  throw new InvalidInputError('What unguardedTables asked has answered with no rows.', {
    hint: 'Its query must answer as that of a pg.Client: { rows: [...] }.',
  });
}

/** The catalog's, which may stand in the same database; those of tenants' identities are in a schema of ours. */
const OURS =
  'tenantry_catalog,tenantry_domains,tenantry_physical_names,tenantry_processes,tenantry_servers,tenantry_tenants';
/** As the server writes what {@link rowPolicies} says: a column, the setting, and nothing else that could be true. */
const COLUMN = '(?:[a-z_][a-z0-9_$]*|"(?:[^"]|"")+")';
const SETTING = `current_setting\\('${ROW_SETTING}'::text(?:, true)?\\)`;
const KEY = `(?:${SETTING}|NULLIF\\(${SETTING}, ''::text\\))`;
const BINDS = `^\\((?:${COLUMN}|\\(${COLUMN}\\)::text) = (?:${KEY}|\\(${KEY}\\)::(?:text|uuid|integer|bigint))\\)$`;

/** Whether a role may use a relation, wherever that is. */
function mayUse(role: string): string {
  return `(pg_catalog.has_table_privilege(${role}, relation.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
      OR pg_catalog.has_any_column_privilege(${role}, relation.oid, 'SELECT, INSERT, UPDATE'))`;
}

/**
 * What {@link unguardedTables} asks. A view uses what it is made of with the rights of its owner, or of its user if it is a
 * `security_invoker`, in other schemas too: so it is followed, view by view, and each relation is judged for the `role`
 * with whose rights it is reached, `through` the view that the asking role has found.
 */
export const UNGUARDED = `
  WITH RECURSIVE asking AS (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = CURRENT_USER),
  candidate AS (
    SELECT relation.*, schema.nspname, COALESCE((
        SELECT pg_catalog.bool_or(CASE WHEN option_name = 'security_invoker' THEN option_value::pg_catalog.bool END)
        FROM pg_catalog.pg_options_to_table(relation.reloptions)), false) AS is_invoker
    FROM pg_catalog.pg_class AS relation
    JOIN pg_catalog.pg_namespace AS schema ON schema.oid = relation.relnamespace
    WHERE relation.relkind IN ('r', 'p', 'v', 'm', 'f')
      AND schema.nspname NOT IN ('pg_catalog', 'information_schema', 'tenantry')
      AND NOT pg_catalog.starts_with(schema.nspname, 'pg_')
      AND relation.relname::pg_catalog.text <> ALL ('{${OURS}}'::pg_catalog.text[])
  ),
  reached (oid, role, through) AS (
    SELECT relation.oid, asking.oid, NULL::pg_catalog.oid
    FROM candidate AS relation CROSS JOIN asking
    WHERE pg_catalog.has_schema_privilege(relation.relnamespace, 'USAGE') AND ${mayUse('asking.oid')}
    UNION
    SELECT relation.oid, acting.role, COALESCE(reached.through, view.oid)
    FROM reached
    JOIN candidate AS view ON view.oid = reached.oid AND view.relkind = 'v'
    CROSS JOIN asking
    CROSS JOIN LATERAL (SELECT CASE WHEN view.is_invoker THEN asking.oid ELSE view.relowner END AS role) AS acting
    JOIN pg_catalog.pg_rewrite AS rule ON rule.ev_class = view.oid
    JOIN pg_catalog.pg_depend AS made ON made.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND made.objid = rule.oid
      AND made.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
    JOIN candidate AS relation ON relation.oid = made.refobjid
    WHERE relation.oid <> view.oid AND ${mayUse('acting.role')}
  )
  SELECT pg_catalog.format('%I.%I', relation.nspname, relation.relname) AS "table",
    pg_catalog.min(trouble.reason || COALESCE('; the view '
      || pg_catalog.quote_ident(view.nspname) || '.' || pg_catalog.quote_ident(view.relname) || ' reaches it', '')) AS reason
  FROM reached
  JOIN candidate AS relation ON relation.oid = reached.oid
  JOIN pg_catalog.pg_roles AS owner ON owner.oid = relation.relowner
  LEFT JOIN candidate AS view ON view.oid = reached.through
  CROSS JOIN asking
  CROSS JOIN LATERAL (SELECT CASE
    WHEN EXISTS (
      SELECT FROM pg_catalog.pg_rewrite AS rule
      WHERE rule.ev_class = relation.oid AND rule.rulename <> '_RETURN' AND rule.ev_enabled <> 'D'
    ) THEN 'it has a rule, which acts with the rights of the owner: use a trigger'
    WHEN relation.relkind = 'v' THEN CASE
      WHEN (owner.rolsuper OR owner.rolbypassrls) AND NOT relation.is_invoker
      THEN 'it is a view, and its owner sees every row: make it WITH (security_invoker = true)' END
    WHEN relation.relkind = 'm' THEN 'it is a materialized view, which no policy can guard'
    WHEN relation.relkind = 'f' THEN 'it is a foreign table, which no policy can guard'
    WHEN reached.role = asking.oid AND pg_catalog.pg_has_role(relation.relowner, 'USAGE')
      THEN 'the role owns it, and could take its policies away'
    WHEN reached.role = asking.oid AND pg_catalog.has_table_privilege(relation.oid, 'TRUNCATE')
      THEN 'the role may TRUNCATE it, which no policy stops'
    WHEN NOT relation.relrowsecurity THEN 'it has no row-level security'
    WHEN NOT relation.relforcerowsecurity THEN 'its row-level security is not forced on its owner'
    WHEN EXISTS (
      SELECT FROM pg_catalog.pg_policy AS policy
      WHERE policy.polrelid = relation.oid AND policy.polpermissive
        AND NOT (policy.polname = 'tenantry_shared' AND policy.polcmd = 'r')
    ) AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_policy AS policy
      WHERE policy.polrelid = relation.oid AND NOT policy.polpermissive
        AND policy.polcmd = '*' AND policy.polroles = '{0}'
        AND pg_catalog.pg_get_expr(policy.polqual, policy.polrelid) ~ ${quoteLiteral(BINDS)}
        AND COALESCE(pg_catalog.pg_get_expr(policy.polwithcheck, policy.polrelid) ~ ${quoteLiteral(BINDS)}, true)
    ) THEN 'no policy restricts its rows to the tenant' END AS reason) AS trouble
  WHERE trouble.reason IS NOT NULL
  GROUP BY 1
  ORDER BY 1`;

const nameOf: Readonly<Record<RowKeyType, string>> = {
  text: 'text',
  uuid: 'uuid',
  integer: 'int4',
  bigint: 'int8',
};

function forced(name: string): string[] {
  return [`ALTER TABLE ${name} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;`];
}

/** What may be asked for beside the names. */
function typeIn(options: unknown): RowKeyType {
  if (typeof options !== 'object' || options === null) {
    throw new InvalidInputError(`The options of rowPolicies are ${what(options)}.`, {
      hint: "Write { type: 'uuid' }, or leave them out for text.",
    });
  }
  const unknown = Object.keys(options).find((key) => key !== 'type');
  if (unknown !== undefined) {
    throw new InvalidInputError(`rowPolicies has no option ${quoteForMessage(unknown)}.`, {
      hint: 'There is one: type.',
    });
  }
  const { type = 'text' } = options as { readonly type?: unknown };
  const known = TYPES.find((one) => one === type);
  if (known !== undefined) return known;
  const given = typeof type === 'string' ? quoteForMessage(type) : what(type);
  throw new InvalidInputError(`A tenant's column cannot be of the type ${given}.`, {
    hint: `Use one of: ${TYPES.join(', ')}.`,
  });
}

function assertText(name: string, value: unknown): asserts value is string {
  if (typeof value === 'string') return;
  throw new InvalidInputError(`The name of the ${name} is ${what(value)}.`, {
    hint: `Pass the ${name}'s name as a string.`,
  });
}

function what(value: unknown): string {
  return value === null || value === undefined ? String(value) : `of the type ${typeof value}`;
}

function quoteTable(table: string): string {
  assertText('table', table);
  const parts = table.split('.');
  if (parts.length <= 2) return parts.map(quoteIdentifier).join('.');
  throw new InvalidInputError(`${quoteForMessage(table)} cannot name a table.`, {
    hint: 'Write users, or app.users with its schema.',
  });
}
