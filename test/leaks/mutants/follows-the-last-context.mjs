/** @type {import('../contracts.js').Mutant} */
export default {
  name: 'follows-the-last-context',
  about: 'The tenant in context is the last one that anybody set.',
  engines: ['mysql', 'postgres', 'sqlite'],
  patches: [
    {
      file: 'context/context.js',
      find: 'const name = this.#storage.getStore();',
      replace: 'const name = this.last;',
    },
    {
      file: 'context/context.js',
      find: 'return this.#storage.run(name, async () => await fn());',
      replace: `this.last = name;
        return this.#storage.run(name, async () => await fn());`,
    },
  ],
};
