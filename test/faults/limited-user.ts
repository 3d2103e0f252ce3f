import { administrate } from '../helpers/administrator.js';
import type { SharedServer } from '../helpers/environment.js';
import type { ServerEngine } from './setting.js';

/** A user whom the server itself refuses more than so many sessions. */
export interface LimitedUser extends AsyncDisposable {
  /** The server's URL with this user, over TCP. */
  readonly url: string;
}

/** Makes a user that may make the databases of a namespace and hold `limit` sessions at once. */
export async function limitedUser(
  engine: ServerEngine,
  { url, tcpUrl }: SharedServer,
  { prefix, limit }: { readonly prefix: string; readonly limit: number },
): Promise<LimitedUser> {
  const name = `${prefix}user`;
  const run = async (...statements: readonly string[]) => {
    await using administrator = await administrate(url);
    for (const sql of statements) await administrator.query(sql);
  };
  const limited = new URL(tcpUrl);
  limited.username = name;
  limited.password = 'limited';
  if (engine === 'mysql') {
    await run(
      `CREATE USER '${name}'@'%' IDENTIFIED BY 'limited' WITH MAX_USER_CONNECTIONS ${limit}`,
      // With rights on everything it would be exempt from the limit.
      `GRANT ALL ON \`${prefix}%\`.* TO '${name}'@'%'`,
    );
  } else {
    await run(`CREATE ROLE "${name}" LOGIN CREATEDB PASSWORD 'limited' CONNECTION LIMIT ${limit}`);
  }
  return {
    url: limited.href,
    async [Symbol.asyncDispose]() {
      // On PostgreSQL it owns databases, which end with the namespace, and the role with the server.
      if (engine === 'mysql') await run(`DROP USER '${name}'@'%'`);
    },
  };
}
