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
 * The comment that a statement carries.
 *
 * @param {Mark} mark
 */
export function comment(mark) {
  return `/* ${markText(mark)} */`;
}

/**
 * What a statement leaves behind, so that whoever sees it knows whose it was.
 *
 * @param {Mark} mark
 */
export function residue({ name, epoch }) {
  return `${name}#${epoch}`;
}

/**
 * What is wrong about something left behind, seen by this request; state of the same tenant in the same epoch
 * may be kept, because a connection is reset where its tenant changes.
 *
 * @param {unknown} seen
 * @param {Mark} mark
 * @returns {string | undefined}
 */
export function strangeResidue(seen, mark) {
  if (seen === null || seen === undefined || seen === '' || seen === residue(mark)) return undefined;
  return `saw what ${JSON.stringify(seen)} had left behind`;
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
  return { sql: sql.replace(/\s+/g, ' '), request: mark.request, echo: mark.request };
}

/**
 * @param {string} what
 * @param {(mark: Mark) => string} sql
 * @param {{ inTransaction?: boolean, expects?: readonly string[] }} [options]
 * @returns {import('../contracts.js').Leftover}
 */
export function leftover(what, sql, { inTransaction = true, expects = [] } = {}) {
  return { what, sql: (mark) => `${comment(mark)} ${sql(mark)}`, inTransaction, expects };
}
