/**
 * The statements of an engine, for tenants that are kept apart like this.
 *
 * @param {{ engine: import('../contracts/hunt.js').EngineName, isolation: import('../contracts/hunt.js').Isolation }} hunt
 * @returns {Promise<import('../contracts/dialect.js').Dialect>}
 */
export async function loadDialect({ engine, isolation }) {
  switch (engine) {
    case 'mysql':
      return (await import('./mysql.mjs')).dialect;
    case 'postgres':
      return (await import('./postgres.mjs')).dialectFor(isolation);
    case 'sqlite':
      return (await import('./sqlite.mjs')).dialect;
  }
}
