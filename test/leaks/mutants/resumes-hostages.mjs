/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'resumes-hostages',
  about: 'A tenant that is resumed takes its database over, whosever it has become.',
  engines: ['mysql', 'postgres', 'sqlite'],
  patches: [
    {
      file: 'fleet/operations/identity.js',
      find: 'throw notOf(tenant, said);',
      replace: 'return provisioning.changeIdentity(placement.database, said, to, place);',
    },
  ],
};
