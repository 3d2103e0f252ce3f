/** @typedef {import('../random.mjs').Random} Random */

/**
 * What a soup is made of. In a form, `{}` stands for what is hidden, `_` for a blank of some kind, and `~` for
 * whatever may stand after the sign that begins a comment.
 *
 * @typedef {object} Ingredients
 * @property {readonly string[]} forms texts in which a lexer may see less than the engine
 * @property {readonly string[]} scraps what is thrown together at random
 * @property {readonly string[]} blanks what may part two words
 * @property {readonly string[]} [openers] what may open a comment after its sign
 */

const SCRAPS_SHARE = 0.2;
const LONGEST_SOUP = 12;

/**
 * A text in which something is hidden: from one who takes for a string or a comment what the engine does not, or the
 * other way round. Most of the forms are right SQL; what is thrown together mostly is not, and the engine says so.
 *
 * @param {Random} random
 * @param {Ingredients} ingredients
 * @param {string} hidden
 */
export function soup(random, { forms, scraps, blanks, openers = [' '] }, hidden) {
  const text = random.chance(SCRAPS_SHARE) ? thrown(random, scraps) : random.pick(forms);
  return text
    .replaceAll('_', () => random.pick(blanks))
    .replaceAll('~', () => random.pick(openers))
    .replaceAll('{}', () => hidden);
}

/**
 * @param {Random} random
 * @param {readonly string[]} scraps
 */
function thrown(random, scraps) {
  const before = Array.from({ length: random.integer(0, LONGEST_SOUP) }, () => random.pick(scraps));
  const after = Array.from({ length: random.integer(0, LONGEST_SOUP / 3) }, () => random.pick(scraps));
  return ['SELECT 1', ...before, '{}', ...after].join('');
}

/** Characters that some take for white space, and others for the sign of something else. */
export const CONTROLS = Array.from({ length: 0x20 }, (_, code) => String.fromCharCode(code + 1)).concat(
  ...['\x7f', '\x85', '\xa0', '\u2028', '\ufeff'],
);
