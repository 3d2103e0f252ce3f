/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'lets-a-handle-outlive-its-transaction',
  about: 'The handle of a transaction goes on working after its end.',
  engines: ['mysql', 'postgres', 'sqlite'],
  patches: [
    {
      file: 'session/transaction.js',
      find: `        if (this.#ended)
            return Promise.reject(endedError(this.#scope.label, this.#endReason));
`,
      replace: '',
    },
    {
      file: 'pool/lease.js',
      find: `            return this.#pooled.connection;
        throw`,
      replace: `            return this.#pooled.connection;
        if (this.kept !== undefined)
            return this.kept;
        throw`,
    },
    {
      file: 'pool/lease.js',
      find: `        const pooled = this.#pooled;
        this.#pooled = undefined;`,
      replace: `        const pooled = this.#pooled;
        this.kept ??= pooled?.connection;
        this.#pooled = undefined;`,
    },
  ],
};
