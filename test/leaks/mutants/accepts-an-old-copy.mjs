/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'accepts-an-old-copy',
  about: 'A database may be at an earlier epoch than the catalog says.',
  engines: ['mysql', 'postgres', 'sqlite'],
  patches: [
    {
      file: 'pool/certificate.js',
      find: 'if (identity.epoch < route.epoch)',
      replace: 'if (identity.epoch < 0)',
    },
  ],
};
