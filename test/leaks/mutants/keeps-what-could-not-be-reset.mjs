/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'keeps-what-could-not-be-reset',
  about: 'A connection whose reset failed is kept.',
  engines: ['mysql', 'postgres'],
  isolations: ['database'],
  patches: [
    {
      file: 'pool/returns.js',
      find: `        catch {
            this.#discardDoubtful(pooled);
            return;
        }`,
      replace: '        catch { }',
    },
    {
      file: 'pool/returns.js',
      find: '() => connection.isClean(), () => false',
      replace: '() => connection.isClean(), () => true',
    },
    {
      file: 'engines/mysql/connection.js',
      find: '        this.rebind(this.#database);',
      replace: '        throw new NotSentError();',
    },
    {
      file: 'engines/postgres/connection.js',
      find: "isWhole ? 'DISCARD ALL'",
      replace: "isWhole ? 'DISCARD EVERYTHING'",
    },
  ],
};
