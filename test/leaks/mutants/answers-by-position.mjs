/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'answers-by-position',
  about: 'The routes of a query are given to the names in their order.',
  engines: ['mysql', 'postgres', 'sqlite'],
  patches: [
    {
      file: 'directory/directory.js',
      find: 'const route = routes.get(one);',
      replace: 'const route = snapshot.routes[called.indexOf(one)];',
    },
  ],
};
