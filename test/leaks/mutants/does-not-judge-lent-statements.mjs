/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'does-not-judge-lent-statements',
  about: 'What comes by a pool or a lent client leaves nothing, it is said.',
  engines: ['mysql'],
  patches: [
    {
      file: 'engines/mysql/lend.js',
      find: '        wire.leaves(tracesOf(command.sql));',
      replace: '',
    },
  ],
};
