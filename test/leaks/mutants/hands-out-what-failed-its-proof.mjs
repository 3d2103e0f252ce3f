/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'hands-out-what-failed-its-proof',
  about: 'A connection whose proof failed is served all the same.',
  engines: ['mysql', 'postgres', 'sqlite'],
  patches: [
    {
      file: 'pool/connector.js',
      find: 'this.#home.close(connection);',
      replace: 'return;',
    },
  ],
};
