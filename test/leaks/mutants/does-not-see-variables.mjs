/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'does-not-see-variables',
  about: 'A variable that a SELECT sets is not noticed.',
  engines: ['mysql'],
  patches: [
    {
      file: 'engines/mysql/traces.js',
      find: `text === '@' || text === ':=' || text === 'returning'`,
      replace: `text === 'returning'`,
    },
  ],
};
