/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'stays-in-the-first-part',
  about: 'A connection is bound to the first part of its database that it serves, and to no other.',
  engines: ['postgres'],
  isolations: ['schema', 'row'],
  patches: [
    {
      file: 'engines/postgres/connection.js',
      find: '        this.#wire?.bindAhead(bindingStatement(part), reset);',
      replace: `        if (this.#part === undefined)
            this.#wire?.bindAhead(bindingStatement(part), reset);`,
    },
  ],
};
