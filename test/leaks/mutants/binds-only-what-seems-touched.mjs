/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'binds-only-what-seems-touched',
  about:
    'A session is bound to its part again only where the texts of its last lease say that something may be left.',
  engines: ['postgres'],
  isolations: ['schema', 'row'],
  patches: [
    {
      file: 'engines/postgres/connection.js',
      find: "return this.#watch.left !== 'none' || this.#wire?.isBinding === false;",
      replace: "return this.#watch.left !== 'none';",
    },
  ],
};
