/** @type {import('../contracts.js').Mutant} */
export default {
  name: 'follows-the-last-context',
  about: 'The tenant in context is the last one that anybody set.',
  engines: ['mysql', 'postgres', 'sqlite'],
  patches: [
    {
      file: 'context/context.js',
      find: `const scope = this.#storage.getStore();
        if (scope !== undefined)`,
      replace: `const scope = this.last;
        if (scope !== undefined)`,
    },
    {
      file: 'context/context.js',
      find: 'return this.#storage.run(scope, awaited, fn);',
      replace: `this.last = scope;
        return this.#storage.run(scope, awaited, fn);`,
    },
  ],
};
