/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'stays-read-only',
  about: 'A transaction that only read leaves its handle unable to write.',
  engines: ['sqlite'],
  patches: [
    {
      file: 'engines/sqlite/connection.js',
      find: `        await this.#execute('PRAGMA query_only = 0');
`,
      replace: '',
    },
  ],
};
