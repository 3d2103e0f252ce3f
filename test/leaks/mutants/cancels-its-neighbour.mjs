/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'cancels-its-neighbour',
  about: 'KILL QUERY goes to the connection that was opened next.',
  engines: ['mysql'],
  patches: [
    {
      file: 'engines/mysql/server.js',
      find: `\`KILL QUERY \${connectionId}\``,
      replace: `\`KILL QUERY \${connectionId + 1}\``,
    },
  ],
};
