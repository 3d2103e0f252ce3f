/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'repeats-a-killed-write',
  about: 'A write is sent again where the server says that it killed it.',
  engines: ['postgres'],
  patches: [
    {
      file: 'session/statement.js',
      find: 'return harmless && !(error',
      replace: 'return !(error',
    },
  ],
};
