/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'sends-anything-again',
  about: 'Whatever was lost is sent again, whether or not it ran.',
  engines: ['mysql', 'postgres'],
  patches: [
    {
      file: 'session/statement.js',
      find: `if (error instanceof NotSentError)
        return true;`,
      replace: `if (!(error instanceof TenancyError) && /lost|killed/.test(engine.classifyError(error)))
        return true;`,
    },
  ],
};
