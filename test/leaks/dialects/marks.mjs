/** @typedef {import('../contracts.js').Mark} Mark */

/**
 * What a statement says of itself: whose it is.
 *
 * @param {Mark} mark
 */
export function markText({ name, epoch, request }) {
  return `tenant=${name} epoch=${epoch} request=${request}`;
}

/**
 * A statement with a comment that says whose it is. It stands at the end: this kind leaves no doubt what a statement
 * does, so that one which only reads may be sent again, and one which leaves nothing behind is followed by no reset.
 *
 * @param {Mark} mark
 * @param {string} sql
 */
export function noted(mark, sql) {
  return `${sql} -- ${markText(mark)}`;
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
 * @returns {import('../contracts.js').Statement}
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
 * @returns {import('../contracts.js').Trap}
 */
export function trap(what, sql) {
  return { what, sql: (mark) => noted(mark, sql(mark)) };
}

/**
 * @param {string} what
 * @param {(mark: Mark) => string} sql
 * @param {{ inTransaction?: boolean, expects?: readonly string[] }} [options]
 * @returns {import('../contracts.js').Leftover}
 */
export function leftover(what, sql, { inTransaction = true, expects = [] } = {}) {
  return { what, sql: (mark) => noted(mark, sql(mark)), inTransaction, expects };
}
