/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'remembers-targets-by-name',
  about: 'The database of a name is looked up once for ever.',
  engines: ['mysql', 'postgres', 'sqlite'],
  patches: [
    {
      file: 'session/tenant-target.js',
      find: 'const targets = new WeakMap();',
      replace: 'const targets = new Map();',
    },
    {
      file: 'session/tenant-target.js',
      find: 'targets.get(route)',
      replace: 'targets.get(route.name)',
    },
    {
      file: 'session/tenant-target.js',
      find: 'targets.set(route, target)',
      replace: 'targets.set(route.name, target)',
    },
  ],
};
