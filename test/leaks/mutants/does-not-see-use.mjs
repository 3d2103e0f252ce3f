/** @type {import('../contracts.js').Mutant} */
export default {
  name: 'does-not-see-use',
  about: 'A connection that was moved by USE counts as being where it was.',
  engines: ['mysql'],
  patches: [
    {
      file: 'engines/mysql/connection.js',
      find: '(movedTo !== undefined && movedTo !== this.#database)',
      replace: 'movedTo === null',
    },
  ],
};
