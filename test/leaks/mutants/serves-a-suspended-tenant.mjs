/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'serves-a-suspended-tenant',
  about: 'A suspended tenant counts as active.',
  engines: ['mysql', 'postgres', 'sqlite'],
  patches: [
    {
      file: 'tenant/status.js',
      find: `case 'active':
            return;`,
      replace: `case 'active':
        case 'suspended':
            return;`,
    },
  ],
};
