/** @type {import('../contracts.js').Mutant} */
export default {
  name: 'discards-temporary-tables-only',
  about: 'A reset takes temporary tables away and nothing else.',
  engines: ['postgres'],
  patches: [
    {
      file: 'engines/postgres/connection.js',
      find: `'DISCARD SEQUENCES' : 'DISCARD ALL'`,
      replace: `'DISCARD SEQUENCES' : 'DISCARD TEMP'`,
    },
  ],
};
