import { createHash } from 'node:crypto';
import { hmac, ScramKeyCache, type ScramKeys } from './scram-keys.js';

type PgClient = typeof import('pg')['Client'];
type Client = InstanceType<PgClient>;

/** More iterations are for pg to refuse, or to allow. */
const MAX_ITERATIONS = 100_000;
/** SASLprep leaves these characters alone, so nobody needs to know how pg prepares the others. */
const NEEDS_NO_PREPARATION = /^[\x20-\x7e]+$/;
/** Without channel binding: the header `n,,` and the client's nonce. */
const FIRST_OF_CLIENT = /^n,,(n=\*,r=([\x21-\x2b\x2d-\x7e]+))$/;
const FIRST_OF_SERVER =
  /^r=(?<nonce>[\x21-\x2b\x2d-\x7e]+),s=(?<salt>[A-Za-z0-9+/]+={0,2}),i=(?<iterations>[1-9]\d{0,6})$/;

/** What pg knows of an exchange; written where pg itself would write. Its types leave all of it out. */
interface Session {
  readonly mechanism?: unknown;
  message?: unknown;
  response?: unknown;
  serverSignature?: unknown;
}

interface ScramClient {
  readonly saslSession?: Session | null;
  readonly connection: Client['connection'] & { sendSCRAMClientFinalMessage?(response: string): void };
}

interface FirstMessageOfServer {
  readonly data?: unknown;
}

type Continue = (this: Client, message: FirstMessageOfServer) => Promise<void>;

/** What is to be proved, read from the first message of each side. */
interface Exchange {
  readonly password: string;
  readonly salt: string;
  readonly iterations: number;
  readonly firstMessages: string;
  readonly nonce: string;
}

const savedKeys = new ScramKeyCache();

/**
 * A client that derives the keys of a password once and not for every connection. It answers the one
 * message that asks for a proof of the password, and only in the plain case; pg does everything
 * else: it begins the exchange, binds channels, refuses what is wrong, and checks the server's proof.
 */
export function withSavedKeys(PgClient: PgClient, cache: ScramKeyCache = savedKeys): PgClient {
  const continueByPg: unknown = Reflect.get(PgClient.prototype, '_handleAuthSASLContinue');
  if (typeof continueByPg !== 'function') return PgClient;
  return class extends PgClient {
    async _handleAuthSASLContinue(message: FirstMessageOfServer): Promise<void> {
      const { saslSession, connection } = this as this & ScramClient;
      const exchange = saslSession && plainExchange(saslSession, this.password, message.data);
      if (!exchange || !connection.sendSCRAMClientFinalMessage) {
        return (continueByPg as Continue).call(this, message);
      }
      try {
        const keys = await cache.keysFor({ ...exchange, user: this.user ?? '' });
        const { response, serverSignature } = prove(exchange, keys);
        Object.assign(saslSession, { message: 'SASLResponse', response, serverSignature });
        connection.sendSCRAMClientFinalMessage(response);
      } catch (error) {
        connection.emit('error', error);
      }
    }
  };
}

/** Undefined where anything is unusual: then pg decides. */
function plainExchange(session: Session, password: unknown, data: unknown): Exchange | undefined {
  const { mechanism, message, response } = session;
  if (mechanism !== 'SCRAM-SHA-256' || message !== 'SASLInitialResponse') return undefined;
  if (typeof password !== 'string' || !NEEDS_NO_PREPARATION.test(password)) return undefined;
  const [, clientFirst, clientNonce = ''] = FIRST_OF_CLIENT.exec(String(response)) ?? [];
  const { nonce = '', salt = '', iterations } = FIRST_OF_SERVER.exec(String(data))?.groups ?? {};
  if (clientFirst === undefined || Number(iterations) > MAX_ITERATIONS) return undefined;
  if (salt.length % 4 !== 0) return undefined;
  if (!nonce.startsWith(clientNonce) || nonce.length === clientNonce.length) return undefined;
  return {
    password,
    salt,
    iterations: Number(iterations),
    firstMessages: `${clientFirst},${String(data)}`,
    nonce,
  };
}

/** RFC 5802, section 3: the client's last message, and the signature that the server must answer with. */
function prove({ firstMessages, nonce }: Exchange, { clientKey, serverKey }: ScramKeys) {
  const withoutProof = `c=biws,r=${nonce}`;
  const authMessage = `${firstMessages},${withoutProof}`;
  const signature = hmac(createHash('sha256').update(clientKey).digest(), authMessage);
  const proof = Buffer.from(clientKey.map((byte, index) => byte ^ (signature[index] as number)));
  return {
    response: `${withoutProof},p=${proof.toString('base64')}`,
    serverSignature: hmac(serverKey, authMessage).toString('base64'),
  };
}
