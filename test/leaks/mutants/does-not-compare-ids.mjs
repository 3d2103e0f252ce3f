/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'does-not-compare-ids',
  about: 'A reference of name and id is served by whoever has the name now.',
  engines: ['mysql', 'postgres', 'sqlite'],
  patches: [
    {
      file: 'tenant/ref.js',
      find: ' && (id === undefined || id === tenant.id)',
      replace: '',
    },
  ],
};
