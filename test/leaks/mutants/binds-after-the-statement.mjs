/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'binds-after-the-statement',
  about: 'The statement is written before the binding that it was to follow.',
  engines: ['postgres'],
  isolations: ['schema', 'row'],
  patches: [
    {
      file: 'engines/postgres/wire.js',
      find: 'Buffer.concat([prelude, buffer])',
      replace: 'Buffer.concat([buffer, prelude])',
    },
  ],
};
