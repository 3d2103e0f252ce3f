/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'releases-what-it-gave-up',
  about: 'A call that ran out of time or was aborted gives its connection back as it is.',
  engines: ['mysql', 'postgres', 'sqlite'],
  patches: [
    {
      file: 'session/statement.js',
      find: `            lease.cancel(error);
`,
      replace: `            lease.release();
`,
    },
    {
      file: 'pool/returns.js',
      find: 'if (!connection.isClean())',
      replace: 'if (!connection.isAlive())',
    },
  ],
};
