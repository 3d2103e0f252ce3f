/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'keeps-the-key-of-a-moved-connection',
  about: 'A connection that moved is still filed under the tenant that it left.',
  engines: ['mysql'],
  patches: [
    {
      file: 'pool/pool-connections.js',
      find: `        pooled.key = target.key;
`,
      replace: '',
    },
  ],
};
