/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'cancels-late',
  about:
    'A connection goes on to the next as soon as its statement is over, and the cancel hits whoever has it then.',
  engines: ['mysql'],
  patches: [
    {
      file: 'engines/mysql/connection.js',
      find: `        this.#expectEnd();
        this.#cancelled = true;
        try {
            if (busy)
                await waitFor(this.#cancelAtServer(timeoutMs), { timeoutMs });`,
      replace: `        try {
            if (busy)
                void this.#killStatement(this.#client.threadId, timeoutMs).catch(() => { });
            while (this.#underWay.size > 0)
                await new Promise((resolve) => setImmediate(resolve));
            return;`,
    },
    {
      file: 'pool/returns.js',
      find: `this.#end(pooled, 'cancelled', () => this.#cancelAfter(before, pooled.connection));`,
      replace: `this.#connections.closeBy(() => this.#cancelAfter(before, pooled.connection), pooled, 'cancelled', () => {
            if (pooled.connection.isClean())
                this.#keep(pooled);
            else
                this.#discardDoubtful(pooled);
        });`,
    },
  ],
};
