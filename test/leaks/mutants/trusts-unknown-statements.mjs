/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'trusts-unknown-statements',
  about: 'A statement of a kind that nobody knows leaves nothing, it is said.',
  engines: ['postgres'],
  patches: [
    {
      file: 'engines/postgres/traces.js',
      find: `    if (!ROWS.has(begin))
        return 'anything';`,
      replace: `    if (!ROWS.has(begin))
        return 'none';`,
    },
  ],
};
