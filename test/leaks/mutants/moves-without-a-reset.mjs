/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'moves-without-a-reset',
  about: 'A connection that moves keeps its session.',
  engines: ['mysql'],
  patches: [
    {
      file: 'engines/mysql/wire.js',
      find: `            resetConnectionPacket(),
`,
      replace: '',
    },
    {
      file: 'engines/mysql/wire.js',
      find: '[resetConnectionPacket(), ...packets]',
      replace: 'packets',
    },
  ],
};
