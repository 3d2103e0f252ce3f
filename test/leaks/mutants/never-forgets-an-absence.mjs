/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'never-forgets-an-absence',
  about: 'A name that was absent once is absent for ever.',
  engines: ['mysql', 'postgres', 'sqlite'],
  patches: [
    {
      file: 'directory/directory.js',
      find: 'return now - since < this.#options.absenceTtlMs && this',
      replace: 'return this',
    },
    {
      file: 'directory/route-cache.js',
      find: `        this.#absences.delete(route.name);
`,
      replace: '',
    },
  ],
};
