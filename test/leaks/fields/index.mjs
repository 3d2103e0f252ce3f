/**
 * Opens the server of an engine.
 *
 * @param {{ engine: import('../contracts/hunt.js').EngineName, isolation: import('../contracts/hunt.js').Isolation }} hunt
 * @param {import('../../servers/group.mjs').ServerGroup} group
 * @param {readonly string[]} traceFiles where the hunters of SQLite write what they do
 * @returns {Promise<import('../contracts/field.js').Field>}
 */
export async function openField({ engine, isolation }, group, traceFiles) {
  switch (engine) {
    case 'mysql':
      return (await import('./mysql.mjs')).openField(group);
    case 'postgres':
      return (await import('./postgres.mjs')).openField(group, isolation);
    case 'sqlite':
      return (await import('./sqlite.mjs')).openField(group, traceFiles);
  }
}
