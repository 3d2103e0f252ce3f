/** @type {import('../contracts.js').Mutant} */
export default {
  name: 'trusts-unknown-functions',
  about: 'A function that nobody knows leaves nothing, it is said.',
  engines: ['mysql', 'postgres'],
  patches: [
    {
      file: 'engine/known-calls.js',
      find: '!known.has(name.toLowerCase())',
      replace: `name === ''`,
    },
  ],
};
