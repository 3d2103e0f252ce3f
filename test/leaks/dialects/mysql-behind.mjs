import { DICE, numberOf } from './marks.mjs';
import { CONTROLS, soup } from './soup.mjs';

/** @typedef {import('../contracts/dialect.js').Mark} Mark */
/** @typedef {import('../random.mjs').Random} Random */

/** What the function leaves, by the argument that it gets. */
const LEFT = ['variable', 'setting', 'lock', 'table', 'seed'];

/** The last number that a tenant may have in its name. */
const LAST_NUMBER = 499;

/** As the server takes it, and the judge who throws the same dice. */
export function seeding(/** @type {number | string} */ seed) {
  return `SET SESSION rand_seed1 = 100000 + 7919 * ${seed}, SESSION rand_seed2 = 300000 + 104729 * ${seed}`;
}

/** To be made after the tables. */
export const TOOLS = `
  CREATE FUNCTION hunt_lock(name VARCHAR(100)) RETURNS INT RETURN GET_LOCK(name, 0);
  DELIMITER //
  CREATE FUNCTION hunt_leave(what VARCHAR(20)) RETURNS INT
  BEGIN
    DECLARE number INT DEFAULT (
      SELECT CAST(SUBSTRING_INDEX(REGEXP_SUBSTR(place, '[tT]enant[0-9]+'), 'enant', -1) AS INT) FROM whoami);
    CASE what
      WHEN 'variable' THEN SET @behind = number;
      WHEN 'setting' THEN SET SESSION max_sort_length = 1024 + number;
      WHEN 'lock' THEN RETURN GET_LOCK(CONCAT('behind ', number), 0);
      WHEN 'table' THEN CREATE TEMPORARY TABLE IF NOT EXISTS hunt_behind AS SELECT number AS number;
      WHEN 'seed' THEN ${seeding('number')};
    END CASE;
    RETURN number;
  END//
  DELIMITER ;
  CREATE PROCEDURE hunt_call(what VARCHAR(20)) SELECT hunt_leave(what) AS mine;
  CREATE TABLE hunt_bell (what VARCHAR(20) NOT NULL);
  CREATE TRIGGER hunt_trigger BEFORE INSERT ON hunt_bell FOR EACH ROW DO hunt_leave(NEW.what);
  ${LEFT.map((what) => `CREATE VIEW hunt_view_${what} AS SELECT hunt_leave('${what}') AS mine;`).join('\n')}
`;

/** Ways to leave something that are not to be seen in the statement. */
export const DOORS = {
  'a trigger': (/** @type {string} */ what) => `INSERT INTO hunt_bell (what) VALUES ('${what}')`,
  'a view': (/** @type {string} */ what) => `SELECT mine FROM hunt_view_${what}`,
  'a procedure': (/** @type {string} */ what) => `CALL hunt_call('${what}')`,
  'a function': (/** @type {string} */ what) => `SELECT hunt_leave('${what}') AS mine`,
};

/**
 * @param {Random} random
 * @returns {string}
 */
export function anyLeft(random) {
  return random.pick(LEFT);
}

/** The numbers of the tenants whose locks the asking session holds. */
export const LOCKS_BEHIND = `(SELECT GROUP_CONCAT(seq) FROM seq_0_to_${LAST_NUMBER}
  WHERE IS_USED_LOCK(CONCAT('behind ', seq)) = CONNECTION_ID())`;

/**
 * Random numbers of a seed that the text shows.
 *
 * @param {Mark} mark
 */
export function seed({ name }) {
  return seeding(DICE.seeds.inText + numberOf(name));
}

const INGREDIENTS = {
  blanks: [' ', '\n', '\t', '\f', '\x0b', '\r', '/**/', "/* ' */", '-- \n', "-- '\n", "#'\n", '/*/ */'],
  openers: [...CONTROLS, ...Array.from({ length: 8 }, () => '\x7f'), '', ' ', '\\'],
  forms: [
    "SELECT 1 --~'\n_,{} -- '",
    "SELECT 1 --~'\n_,{} -- '",
    "SELECT 1 --~'\n_,{} -- '",
    "SELECT 1_--~\n,{} -- '",
    "SELECT 1 #~'\n_,{} -- '",
    "SELECT 1 /*~' */_,{} /*~' */",
    "SELECT 1 /*/ ' */_,{} -- '",
    // Signs of comments that begin none, for one who takes comments out first.
    "SELECT '/*',{},'*/'",
    'SELECT 1 AS `/*`,{} AS `*/`',
    "SELECT '-- ',{},'\n'",
    "SELECT '#',{},'\n'",
    'SELECT 1 /*! ,{} */',
    'SELECT 1 /*!~,{} */',
    'SELECT 1 /*M! ,{} */',
    'SELECT 1 /*!50000 ,{} */',
    "SELECT 1 /*!999999 ' */ ,{} -- '",
    'SELECT 1 /*M!100000 ,{} */',
    "SELECT 1 /*!50000 /* ' */ ,{} */",
    "SELECT '\\'',{} -- '",
    'SELECT "\\"",{} -- "',
    "SELECT 1 -- \\\n,{} -- '",
    "SELECT 1 AS `'`,{} -- '",
    "SELECT N'',_utf8mb4'x',{} -- '",
    "SELECT x'41',{}",
    "SELECT 'a' 'b',{} -- '",
    'SELECT_{} AS mine',
    'SELECT 1 FROM whoami WHERE_{} IS NOT NULL',
    'SELECT 1 FROM whoami ORDER BY_{}',
    'SELECT 1 FROM whoami GROUP BY place HAVING_{} IS NOT NULL',
    'VALUES_({})',
    'WITH x AS_(SELECT_{} AS mine) SELECT * FROM x',
    'SET STATEMENT max_statement_time = 10 FOR SELECT_{} AS mine',
    'DO_{}',
    'INSERT INTO hunt_bell SELECT NULL FROM whoami WHERE_{} IS NULL',
    'ANALYZE SELECT_{} AS mine',
  ],
  scraps: [
    ...["'", "''", '"', '`', '/*', '/*!', '/*M!', '*/', '--', '-- ', '#', '\n', '\r', '\\', '\x7f', '\x0b'],
    ...[';', '(', ')', ' ', ',', ',', ',', '1', '50000', '?'],
  ],
};

/**
 * Something that a text hides.
 *
 * @param {Mark} mark
 * @param {Random} random
 */
export function hidden({ name, epoch }, random) {
  const lock = `'hunt ${name}', 0`;
  const blank = random.pick(['', ' ', '/**/', '\n', '\t', '\x0b', "/* ' */", '-- \n']);
  return soup(
    random,
    INGREDIENTS,
    random.pick([
      `GET_LOCK(${lock})`,
      `GET_LOCK${blank}(${lock})`,
      `hunt_lock${blank}(${lock.slice(0, -3)})`,
      `\`hunt_lock\`${blank}(${lock.slice(0, -3)})`,
      `@hunt${blank}:=${blank}'${name}#${epoch}'`,
      `@\`hunt\` := '${name}#${epoch}'`,
      `LAST_INSERT_ID${blank}(77)`,
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
  const before = random.pick([
    '/**/',
    '-- \n',
    `--${random.pick(CONTROLS)}'\n`,
    "#'\n",
    '\f',
    '\x0b',
    '/*!*/',
  ]);
  return `${before}${random.pick([
    `SET @hunt = '${mine}'`,
    `CREATE TEMPORARY TABLE IF NOT EXISTS hunt_temporary AS SELECT '${mine}' AS mark`,
    `SET time_zone = '+05:00'`,
    `/*!50000 SET @hunt = '${mine}' */`,
    `/*M! SET SESSION sql_mode = 'ANSI_QUOTES' */`,
    `SELECT '${mine}' INTO @hunt`,
    'HANDLER whoami OPEN',
    `EXECUTE IMMEDIATE 'SET @hunt = 1'`,
    `BEGIN NOT ATOMIC SET @hunt = '${mine}'; END`,
    'LOCK TABLES whoami READ',
  ])}`;
}
