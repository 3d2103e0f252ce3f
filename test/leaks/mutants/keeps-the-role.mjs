/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'keeps-the-role',
  about: 'A move does not give the role back.',
  engines: ['mysql'],
  patches: [
    {
      file: 'engines/mysql/session-setup.js',
      find: `    if (!hasRoles)
        return [SESSION_SETUP];`,
      replace: '    return [SESSION_SETUP];',
    },
  ],
};
