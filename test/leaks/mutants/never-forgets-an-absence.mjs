/** @type {import('../contracts.js').Mutant} */
export default {
  name: 'never-forgets-an-absence',
  about: 'A name that was absent once is absent for ever.',
  engines: ['mysql', 'postgres', 'sqlite'],
  patches: [
    {
      file: 'directory/directory.js',
      find: 'return now - since < this.#options.absenceTtlMs && now',
      replace: 'return now',
    },
    {
      file: 'directory/route-cache.js',
      find: `apply(route) {
        this.#absences.delete(route.name);`,
      replace: 'apply(route) {',
    },
  ],
};
