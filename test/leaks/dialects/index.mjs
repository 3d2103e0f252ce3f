/**
 * The statements of an engine.
 *
 * @param {import('../contracts.js').EngineName} engine
 * @returns {Promise<import('../contracts.js').Dialect>}
 */
export async function loadDialect(engine) {
  switch (engine) {
    case 'mysql':
      return (await import('./mysql.mjs')).dialect;
    case 'postgres':
      return (await import('./postgres.mjs')).dialect;
    case 'sqlite':
      return (await import('./sqlite.mjs')).dialect;
  }
}
