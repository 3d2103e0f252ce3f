/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'answers-equal-statements-together',
  about: 'Callers who ask the same at the same time share one answer, whoever they are.',
  engines: ['mysql', 'postgres', 'sqlite'],
  patches: [
    {
      file: 'session/executor.js',
      find: 'const result = await runWithin(limit, lease, lease.connection.query(sql, params, source));',
      replace: `const shared = together.get(sql) ?? runWithin(limit, lease, lease.connection.query(sql, params, source));
                together.set(sql, shared);
                const result = await shared.finally(() => together.delete(sql));`,
    },
    {
      file: 'session/executor.js',
      find: '/** Runs each statement on a leased',
      replace: `const together = new Map();
/** Runs each statement on a leased`,
    },
  ],
};
