/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'never-hears-of-changes',
  about: 'What the poll reports is not applied.',
  engines: ['mysql', 'postgres', 'sqlite'],
  patches: [
    {
      file: 'directory/directory.js',
      find: 'this.#apply(route);',
      replace: 'this.#changes.add(route);',
    },
  ],
};
