/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'accepts-a-stolen-database',
  about: 'A database may carry the identity of another tenant.',
  engines: ['mysql', 'postgres', 'sqlite'],
  patches: [
    {
      file: 'pool/certificate.js',
      find: 'if (identity.tenantId !== route.id || identity.incarnation !== route.incarnation)',
      replace: 'if (identity.tenantId === undefined)',
    },
  ],
};
