/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'shares-the-certificates',
  about: 'What one tenant has proved counts for all.',
  engines: ['mysql'],
  patches: [
    {
      file: 'session/tenant-target.js',
      find: 'certifiedOn = new Set();',
      replace: 'certifiedOn = everybody;',
    },
    {
      file: 'session/tenant-target.js',
      find: 'const targets = new WeakMap();',
      replace: `const targets = new WeakMap();
const everybody = new Set();`,
    },
  ],
};
