/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'keeps-the-route-of-a-deleted-tenant',
  about: 'A deletion that the poll reports is not applied.',
  engines: ['mysql', 'postgres', 'sqlite'],
  patches: [
    {
      file: 'directory/directory.js',
      find: 'this.#apply(route);',
      replace: `if (route.status !== 'deleted')
                    this.#apply(route);`,
    },
  ],
};
