/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'forgets-the-epoch',
  about: 'An idle connection serves its tenant on after its epoch is over.',
  engines: ['mysql', 'postgres', 'sqlite'],
  // With few, none stays idle over a change: somebody takes it or it is moved.
  connections: 24,
  patches: [
    {
      file: 'pool/pool-connections.js',
      find: 'if (pooled.epoch === target.epoch && pooled.connection.isAlive())',
      replace: 'if (pooled.connection.isAlive())',
    },
  ],
};
