import { DICE, numberOf } from './marks.mjs';
import { soup } from './soup.mjs';

/** @typedef {import('../contracts/dialect.js').Mark} Mark */
/** @typedef {import('../random.mjs').Random} Random */

/** What the function leaves, by the argument that it gets. */
const LEFT = ['setting', 'lock', 'table', 'seed'];

/** Its argument to leave the session in the part of another tenant, where tenants share a database. */
export const ASTRAY = 'part';

/** What is made for each tenant, after the table `whoami`; where tenants share tables, once for all of them. */
export const TOOLS = `
  CREATE SEQUENCE hunt_sequence;
  CREATE FUNCTION hunt_lock(name text) RETURNS boolean LANGUAGE sql AS
    'SELECT pg_try_advisory_lock(hashtext(name))';
  CREATE FUNCTION hunt_leave(what text) RETURNS text LANGUAGE plpgsql AS $hunt$
  DECLARE
    own text := (SELECT place FROM whoami);
    number int := substring(own from '[tT]enant(\\d+)')::int;
    other text := regexp_replace(own, '[tT]enant\\d+', 'tenant' || number + CASE number % 4 WHEN 2 THEN 2 ELSE 1 END);
  BEGIN
    CASE what
      WHEN 'setting' THEN PERFORM set_config('vacuum_cost_limit', (1000 + number)::text, false);
      WHEN 'lock' THEN PERFORM pg_try_advisory_lock(7, number);
      WHEN 'table' THEN EXECUTE format('CREATE TEMP TABLE IF NOT EXISTS %I (one int)', 'behind_' || number);
      WHEN 'seed' THEN PERFORM setseed(number / 1000.0);
      WHEN '${ASTRAY}' THEN PERFORM CASE
        WHEN current_setting('tenantry.tenant', true) <> '' THEN set_config('tenantry.tenant', other, false)
        ELSE set_config('search_path', quote_ident(other) || ', pg_temp', false) END;
    END CASE;
    RETURN what;
  END $hunt$;
  ${[...LEFT, ASTRAY].map((what) => `CREATE VIEW hunt_view_${what} WITH (security_invoker = true) AS SELECT hunt_leave('${what}') AS left;`).join('\n')}
  CREATE FUNCTION version(what text) RETURNS text LANGUAGE plpgsql AS $hunt$
  BEGIN RETURN hunt_leave(what); END $hunt$;
  CREATE OPERATOR |@| (FUNCTION = hunt_leave, RIGHTARG = text);
  CREATE DOMAIN hunt_domain AS text CHECK (hunt_leave(VALUE) IS NOT NULL);
`;

/** A row of this batch is none: its trigger leaves something, and lets nothing in. */
const BATCH = 'leave';

/** To be made after the table `entries`. */
export const TRIGGER = `
  CREATE FUNCTION hunt_trigger() RETURNS trigger LANGUAGE plpgsql AS $hunt$
  BEGIN PERFORM hunt_leave(NEW.request); RETURN NULL; END $hunt$;
  CREATE TRIGGER hunt_trigger BEFORE INSERT ON entries FOR EACH ROW WHEN (NEW.batch = '${BATCH}')
    EXECUTE FUNCTION hunt_trigger();
`;

/** The views, for those who share them. */
export const VIEWS = [...LEFT, ASTRAY].map((what) => `hunt_view_${what}`);

/** Ways to leave something that are not to be seen in the statement. */
export const DOORS = {
  'a trigger': (/** @type {string} */ what, /** @type {Mark} */ { name }) =>
    `INSERT INTO entries (request, tenant, batch) VALUES ('${what}', '${name}', '${BATCH}')`,
  'a view': (/** @type {string} */ what) => `SELECT "left" FROM hunt_view_${what}`,
  'an operator': (/** @type {string} */ what) => `SELECT |@| '${what}'::text AS left`,
  'a harmless name': (/** @type {string} */ what) => `SELECT version('${what}')`,
  'a domain': (/** @type {string} */ what) => `SELECT '${what}'::hunt_domain AS left`,
  'a block': (/** @type {string} */ what) => `DO $x$BEGIN PERFORM hunt_leave('${what}'); END$x$`,
};

/**
 * @param {Random} random
 * @returns {string}
 */
export function anyLeft(random) {
  return random.pick(LEFT);
}

/**
 * A way to set the seed of random numbers that the text shows, more or less.
 *
 * @param {Mark} mark
 * @param {Random} random
 */
export function seeding({ name }, random) {
  const seed = seedValue(DICE.seeds.inText + numberOf(name));
  return random.pick([
    `SET seed TO ${seed}`,
    `SELECT setseed(${seed})`,
    `SELECT set_config('seed', '${seed}', false)`,
    `SELECT set_config('se' || 'ed', '${seed}', false)`,
    `DO $x$BEGIN EXECUTE 'SET se' || 'ed TO ${seed}'; END$x$`,
    `SELECT "setseed"(${seed})`,
    `SELECT U&"set\\0073eed"(${seed})`,
    `/**/SET seed TO ${seed}`,
  ]);
}

/** As the server takes it, and the judge who throws the same dice. */
export function seedValue(/** @type {number} */ seed) {
  return String(seed / 1000);
}

const INGREDIENTS = {
  blanks: [' ', '\n', '\t', '\f', '\r', '/**/', "/* ' */", '/* /* */ */', '--\n', "-- '\n", "--'\r"],
  openers: [' ', '', '\x0b', '\x7f', '\\', "'"],
  forms: [
    "SELECT 1_/* /* ' */ */_,{} -- '",
    "SELECT 1 /* /* */ ' */_,{} /* ' */",
    "SELECT 1 /*/* ' */*/_,{} -- '",
    "SELECT 1 --~'\n_,{} -- '",
    "SELECT 1 --~'\r_,{} -- '",
    // Signs of comments that begin none, for one who takes comments out first.
    "SELECT '/*',{},'*/'",
    'SELECT 1 AS "/*",{} AS "*/"',
    "SELECT '--',{},'\n'",
    "SELECT $a$'$a$_,{} -- '",
    "SELECT $$'$$,{} -- '",
    "SELECT $a$ $$ ' $a$,{} -- '",
    "SELECT E'\\'',{} -- '",
    "SELECT e'\\\\',{} -- '",
    "SELECT U&'\\0027',{} -- '",
    "SELECT 'a'\n'b',{} -- '",
    'SELECT 1 AS "x\'",{} -- \'',
    'SELECT 1 AS a$b$,{} AS c$b$',
    'SELECT 1_WHERE_{} IS NOT NULL',
    'SELECT_ALL_{}',
    'VALUES_({})',
    'WITH x AS_(SELECT_{}) SELECT * FROM x',
    'EXPLAIN ANALYZE SELECT_{}',
    'SELECT 1 FROM whoami ORDER BY_{}',
    'SELECT CASE WHEN_{} IS NULL THEN 1 END',
  ],
  scraps: [
    ...["'", "''", '"', '$$', '$a$', '/*', '*/', '--', '\n', '\r', ';', '\\', "E'", "U&'", '(', ')', ' '],
    ...[',', ',', ',', '\x0b', '\f', '1', '$1', '::text'],
  ],
};

/**
 * Something that a text hides.
 *
 * @param {Mark} mark
 * @param {Random} random
 */
export function hidden({ name, epoch }, random) {
  const mine = `${name}#${epoch}`;
  const blank = random.pick(['', ' ', '/**/', '\n', '\t', '\f', "/* ' */"]);
  return soup(
    random,
    INGREDIENTS,
    random.pick([
      `pg_try_advisory_lock${blank}(hashtext('${mine}'))`,
      `"pg_try_advisory_lock"${blank}(hashtext('${mine}'))`,
      `pg_catalog${blank}.pg_try_advisory_lock(hashtext('${mine}'))`,
      `U&"pg_try_\\0061dvisory_lock"(hashtext('${mine}'))`,
      `set_config${blank}('hunt.mark', '${mine}', false)`,
      `U&"set\\005fconfig"('hunt.mark', '${mine}', false)`,
      `set_config('work_mem', '1MB', ${blank}false)`,
    ]),
  );
}

/**
 * A statement that changes the session, with something before its first word.
 *
 * @param {Mark} mark
 * @param {Random} random
 */
export function disguised({ name, epoch }, random) {
  const mine = `${name}#${epoch}`;
  const before = random.pick(['/**/', '/* /* */ */', '--\n', "-- '\n", '\f', ';', ';;', "/*'*/", '/*$a$*/']);
  return `${before}${random.pick([
    `SET hunt.mark TO '${mine}'`,
    `CREATE TEMP TABLE IF NOT EXISTS hunt_temporary AS SELECT '${mine}' AS mark`,
    `SELECT '${mine}' AS mark INTO TEMP hunt_temporary`,
    `LISTEN "${name}"`,
    `DO $x$BEGIN PERFORM set_config('hunt.mark', '${mine}', false); END$x$`,
    `DO 'BEGIN SET hunt.mark TO ''x''; END'`,
    `DO LANGUAGE plpgsql E'BEGIN PERFORM pg_advisory_lock(1, 1); PERFORM pg_advisory_unlock(1, 1); END'`,
    `SELECT 1; SET hunt.mark TO '${mine}'`,
    `SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY`,
  ])}`;
}

/** A library that the server goes on to hold. Only a superuser may load one. */
export function loading(/** @type {Mark} */ _, /** @type {Random} */ random) {
  return random.pick([
    "LOAD 'auto_explain'",
    "/**/LOAD 'auto_explain'",
    "--\nLOAD 'auto_explain'",
    ";LOAD 'auto_explain'",
    "/* /* */ */ LOAD\n'auto_explain'",
    "DO $x$BEGIN LOAD 'auto_explain'; END$x$",
    "DO 'BEGIN LOAD ''auto_explain''; END'",
    "SELECT 1; LOAD 'auto_explain'",
  ]);
}
