/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'moves-after-the-statement',
  about: 'The statement is written before the move that it was to follow.',
  engines: ['mysql'],
  patches: [
    {
      file: 'engines/mysql/wire.js',
      find: 'Buffer.concat([prelude.packets, buffer])',
      replace: 'Buffer.concat([buffer, prelude.packets])',
    },
  ],
};
