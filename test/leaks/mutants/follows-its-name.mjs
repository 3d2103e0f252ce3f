/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'follows-its-name',
  about: 'A session goes on with whoever has its name now.',
  engines: ['mysql', 'postgres', 'sqlite'],
  patches: [
    {
      file: 'session/tenant-session.js',
      find: `if (bound !== undefined && (bound.id !== route.id || bound.epoch !== route.epoch))
            throw endedError(bound, route);
`,
      replace: '',
    },
  ],
};
