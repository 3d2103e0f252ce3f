/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'attaches-other-files',
  about: 'ATTACH is let through, and SQLite’s word of it is not heard: the other file stays for the next.',
  engines: ['sqlite'],
  patches: [
    {
      file: 'engines/sqlite/statement-rules.js',
      find: "if (verb === 'attach' || verb === 'detach')",
      replace: 'if (false)',
    },
    {
      file: 'engines/sqlite/statement-rules.js',
      find: "const OTHERS = new Set(['create',",
      replace: "const OTHERS = new Set(['attach', 'create',",
    },
    {
      file: 'engines/sqlite/handle-state.js',
      find: 'const databases = this.#databases.all([]);',
      replace: 'const databases = this.#databases.all([]).filter(({ seq }) => seq < 2);',
    },
  ],
};
