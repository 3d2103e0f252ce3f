/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'does-not-see-temporary-tables',
  about: 'A temporary table stays for the next.',
  engines: ['sqlite'],
  patches: [
    {
      file: 'engines/sqlite/connection.js',
      find: 'if (!state.isAsAtFirst())',
      replace: 'if (false)',
    },
  ],
};
