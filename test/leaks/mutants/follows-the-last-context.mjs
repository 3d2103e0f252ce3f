/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'follows-the-last-context',
  about: 'The tenant in context is the last one that anybody set.',
  engines: ['mysql', 'postgres', 'sqlite'],
  patches: [
    {
      file: 'wiring.js',
      find: 'const run = current ?? this.context.require();',
      replace: 'const run = this.context.last ?? this.context.require();',
    },
    {
      file: 'context/context.js',
      find: 'return this.#storage.run(scope, this.#awaited, fn);',
      replace: `this.last = scope;
        return this.#storage.run(scope, this.#awaited, fn);`,
    },
  ],
};
