/** @type {import('../contracts.js').Mutant} */
export default {
  name: 'does-not-see-transactions-mysql',
  about: 'An open transaction is not noticed.',
  engines: ['mysql'],
  patches: [
    {
      file: 'engines/mysql/connection.js',
      find: 'return ((this.#wire.status.flags ?? open) & open) !== 0;',
      replace: 'return (open & 0) !== 0;',
    },
  ],
};
