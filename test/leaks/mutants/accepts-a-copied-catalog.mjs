/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'accepts-a-copied-catalog',
  about: 'A database may carry the identity that a copy of the catalog wrote.',
  engines: ['mysql', 'postgres', 'sqlite'],
  patches: [
    {
      file: 'pool/certificate.js',
      find: 'identity.tenantId !== route.id || identity.incarnation !== route.incarnation',
      replace: 'identity.tenantId !== route.id',
    },
  ],
};
