/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'discards-temporary-tables-only',
  about: 'A reset takes temporary tables away and nothing else.',
  engines: ['postgres'],
  isolations: ['database'],
  patches: [
    {
      file: 'engines/postgres/connection.js',
      find: "isWhole ? 'DISCARD ALL'",
      replace: "isWhole ? 'DISCARD TEMP'",
    },
  ],
};
