/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'trusts-comments',
  about: 'What is in a comment does not count, it is said, and every server ends one in the same place.',
  engines: ['mysql', 'postgres'],
  patches: [
    {
      file: 'engines/mysql/plain-sql.js',
      find: 'export function plainTokens(sql) {',
      replace: String.raw`export function plainTokens(text) {
    const sql = text.replace(/\/\*[^]*?\*\/|(?:-- |#)[^\n]*/g, ' ');`,
    },
    {
      file: 'engines/postgres/lexer.js',
      find: 'export function plainTokens(sql) {',
      replace: String.raw`export function plainTokens(text) {
    const sql = text.replace(/\/\*[^]*?\*\/|--[^\n]*/g, ' ');`,
    },
  ],
};
