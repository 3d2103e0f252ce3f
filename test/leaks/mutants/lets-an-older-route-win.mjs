/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'lets-an-older-route-win',
  about: 'An answer that was on its way while its tenant changed overwrites the change.',
  engines: ['mysql', 'postgres'],
  patches: [
    {
      file: 'directory/directory.js',
      find: `            if (this.#changes.hasChanged(one, route, snapshot.revision))
                continue;
`,
      replace: '',
    },
    {
      file: 'directory/route-cache.js',
      find: 'if (known.route.revision <= route.revision)',
      replace: 'if (known.route !== route)',
    },
  ],
};
