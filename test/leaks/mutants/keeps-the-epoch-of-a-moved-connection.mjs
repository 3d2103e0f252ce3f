/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'keeps-the-epoch-of-a-moved-connection',
  about: 'A connection that moved keeps the epoch of the tenant that it left.',
  engines: ['mysql'],
  // With few, none stays idle over a change: somebody takes it or it is moved.
  connections: 24,
  patches: [
    {
      file: 'pool/pool-connections.js',
      find: `        pooled.epoch = target.epoch;
`,
      replace: '',
    },
    {
      file: 'pool/pool-connections.js',
      find: 'if (pooled.epoch === target.epoch && pooled.connection.isAlive())',
      replace: 'if (pooled.epoch <= target.epoch && pooled.connection.isAlive())',
    },
  ],
};
