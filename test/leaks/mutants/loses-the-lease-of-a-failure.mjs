/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'loses-the-lease-of-a-failure',
  about: 'A statement that failed never gives its connection back.',
  engines: ['mysql', 'postgres', 'sqlite'],
  patches: [
    {
      file: 'session/executor.js',
      find: `            finally {
                lease.release();
            }
        }
    }
    /** A lease on which`,
      replace: `            lease.release();
        }
    }
    /** A lease on which`,
    },
    {
      file: 'session/executor.js',
      find: 'return pick(result);',
      replace: `lease.release();
                return pick(result);`,
    },
  ],
};
