/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'gives-a-lease-back-twice',
  about: 'A lease that was given back can be given back again, while somebody else has the connection.',
  engines: ['mysql', 'postgres', 'sqlite'],
  patches: [
    {
      file: 'pool/lease.js',
      find: `        this.#pooled = undefined;
`,
      replace: '',
    },
    {
      file: 'session/executor.js',
      find: `            finally {
                lease.release();
            }
        }
    }
    /** A lease on which`,
      replace: `            finally {
                lease.release();
                setTimeout(() => lease.release(), 2);
            }
        }
    }
    /** A lease on which`,
    },
    {
      file: 'pool/returns.js',
      find: `    giveBack(pooled) {
        if (!this.#connections.inUse.delete(pooled))
            return;
`,
      replace: `    giveBack(pooled) {
        if (!this.#connections.inUse.delete(pooled)) {
            this.#home.keep(pooled);
            return;
        }
`,
    },
    {
      file: 'pool/idle-connections.js',
      find: `    add(pooled) {
`,
      replace: `    add(pooled) {
        if (this.#byAge.has(pooled))
            return;
`,
    },
  ],
};
