/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'keys-connections-by-server',
  about: 'Connections are kept by their server instead of their tenant.',
  engines: ['mysql', 'postgres', 'sqlite'],
  patches: [
    {
      file: 'session/tenant-target.js',
      find: 'this.key = route.id;',
      replace: 'this.key = route.placement.server;',
    },
  ],
};
