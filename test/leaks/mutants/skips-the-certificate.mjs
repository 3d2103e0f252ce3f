/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'skips-the-certificate',
  about: 'Nobody asks a database whose it is.',
  engines: ['mysql', 'postgres', 'sqlite'],
  patches: [
    {
      file: 'pool/target.js',
      find: `    await target.certify(connection);
`,
      replace: '',
    },
  ],
};
