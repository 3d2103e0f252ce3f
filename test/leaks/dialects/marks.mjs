/** @typedef {import('../contracts/dialect.js').Mark} Mark */
/** @typedef {import('../random.mjs').Random} Random */

/**
 * What a statement says of itself: whose it is.
 *
 * @param {Mark} mark
 */
export function markText({ name, epoch, request }) {
  return `tenant=${name} epoch=${epoch} request=${request}`;
}

/**
 * A statement that says whose it is: every other one in a comment at its end, the others in a value. Only of these is
 * the text so plain that the library can know what the statement does, so that one which only reads may be sent again,
 * and one which leaves nothing behind is followed by no reset.
 *
 * @param {Mark} mark
 * @param {string} sql
 */
export function noted(mark, sql) {
  const text = markText(mark);
  if (isOdd(mark) && !/\binto @/i.test(sql)) {
    if (FIRST_VALUE.test(sql)) return sql.replace(FIRST_VALUE, `$1COALESCE($2, '${text}')`);
    if (sql.startsWith('SELECT ')) return sql.replace('SELECT ', `SELECT '${text}' AS mark, `);
  }
  return `${sql} -- ${text}`;
}

/** The first of what is selected or inserted, where it is a word in quotation marks. */
const FIRST_VALUE = /^((?:INSERT INTO \w+ \([\w, ]+\) )?(?:SELECT|VALUES \() ?)('[\w-]*')/;

/** @param {Mark} mark */
function isOdd({ request }) {
  return Number(request.at(-1)) % 2 === 1;
}

/**
 * What a statement leaves behind, so that whoever sees it knows whose it was.
 *
 * @param {Mark} mark
 */
export function residue({ name, epoch }) {
  return `${name}#${epoch}`;
}

const MARK = /tenant=([\w-]+) epoch=(\d+|\?) request=(\d+-\d+)/;

/**
 * Every mark in a text.
 *
 * @param {string} text
 */
export function findMarks(text) {
  return text
    .split('tenant=')
    .map((part) => findMark(`tenant=${part}`))
    .filter((mark) => mark !== undefined);
}

/**
 * The mark in a line of a log, or undefined.
 *
 * @param {string} text
 * @returns {Mark | undefined}
 */
export function findMark(text) {
  const found = MARK.exec(text);
  if (found === null) return undefined;
  const [, name = '', epoch = '', request = ''] = found;
  return { name, epoch: epoch === '?' ? epoch : Number(epoch), request };
}

/**
 * A statement whose reply says its request.
 *
 * @param {Mark} mark
 * @param {string} sql
 * @returns {import('../contracts/dialect.js').Statement}
 */
export function asking(mark, sql) {
  return { sql: noted(mark, sql.replace(/\s+/g, ' ')), request: mark.request, echo: mark.request };
}

/**
 * The first thing that a probe found which should not be there.
 *
 * @param {Readonly<Record<string, unknown>>} found by what it is; null, undefined, '' and 0 mean nothing
 * @returns {string | undefined}
 */
export function firstOf(found) {
  for (const [what, value] of Object.entries(found)) {
    if (value !== null && value !== undefined && value !== '' && Number(value) !== 0)
      return `found ${what}: ${JSON.stringify(value)}`;
  }
  return undefined;
}

/**
 * @param {string} what
 * @param {(mark: Mark) => string} sql
 * @returns {import('../contracts/dialect.js').Trap}
 */
export function trap(what, sql) {
  return { what, sql: (mark) => noted(mark, sql(mark)) };
}

/**
 * @param {string} what
 * @param {(mark: Mark, random: Random) => string | readonly string[]} sql
 * @param {{ inTransaction?: boolean, opens?: boolean, expects?: readonly string[] }} [options]
 * @returns {import('../contracts/dialect.js').Leftover}
 */
export function leftover(what, sql, { opens = false, inTransaction = !opens, expects = [] } = {}) {
  const text = (/** @type {Mark} */ mark, /** @type {Random} */ random) => {
    const texts = sql(mark, random);
    return typeof texts === 'string' ? noted(mark, texts) : texts.map((each) => noted(mark, each));
  };
  return { what, weight: 1, sql: text, inTransaction, opens, expects };
}

/** What a text may be answered that hardly anybody would write: it is refused by us, or by the engine. */
export const REFUSALS = [
  'TENANTRY_TRANSACTION_ENDED',
  'TENANTRY_QUERY_FAILED',
  'TENANTRY_INVALID_INPUT',
  'TENANTRY_INVALID_PARAMETER',
];

/**
 * Something that a text hides. Its mark stands on a line of its own, for the line before may end in a comment.
 *
 * @param {string} what
 * @param {(mark: Mark, random: Random) => string} sql
 * @returns {import('../contracts/dialect.js').Leftover}
 */
export function hiding(what, sql) {
  return {
    what: `${what}, hidden`,
    weight: 6,
    sql: (mark, random) => `${sql(mark, random)}\n-- ${markText(mark)}`,
    inTransaction: true,
    opens: false,
    expects: REFUSALS,
  };
}

/** The tenant's number in its name, by which what triggers and functions leave is known. */
export function numberOf(/** @type {string} */ name) {
  return Number(/\d+$/.exec(name)?.[0]);
}

/** Random numbers of a session whose seed somebody has set. */
export const DICE = { throws: 40, seeds: { behind: 0, inText: 500 } };

/**
 * What is known of a seed: each two numbers that follow each other after it. MariaDB's numbers have 30 bits, so that
 * one of them alone is met by chance in a long hunt; two are not.
 *
 * @param {number} seed
 * @param {readonly unknown[]} numbers
 * @returns {(readonly [string, number])[]}
 */
export function throwsOf(seed, numbers) {
  return numbers.slice(1).map((next, index) => [pairOf(numbers[index], next), seed]);
}

/**
 * Whose seed two random numbers came from.
 *
 * @param {import('../contracts/dialect.js').Lookout} lookout
 * @param {unknown} number
 * @param {unknown} next
 * @returns {string | undefined} undefined where nobody has set one, or only the tenant itself behind the text's back
 */
export function seedOf({ number: own, dice }, number, next) {
  const seed = dice.get(pairOf(number, next));
  return seed === undefined || seed === own ? undefined : `${seed}`;
}

/**
 * @param {unknown} number
 * @param {unknown} next
 */
function pairOf(number, next) {
  return `${Number(number)} ${Number(next)}`;
}

/**
 * What triggers, views and functions of other tenants have left. Their own tenant may meet it, where nothing shows
 * that it is there.
 *
 * @param {import('../contracts/dialect.js').Lookout} lookout
 * @param {unknown} numbers of tenants, in a list
 */
export function ofOthers({ number }, numbers) {
  const others = String(numbers ?? '')
    .split(',')
    .filter((each) => each !== '' && Number(each) !== 0 && Number(each) !== number);
  return others.join(', ');
}
