import { createHmac, randomBytes, webcrypto } from 'node:crypto';

/** Entries; one takes about half a kilobyte. */
const LIMIT = 2000;

/** What a password becomes under a server's salt: enough to prove it, and to check the server's proof. */
export interface ScramKeys {
  readonly clientKey: Buffer;
  readonly serverKey: Buffer;
}

/** All that the keys depend on, and whose they are. */
export interface ScramCredentials {
  readonly user: string;
  readonly password: string;
  /** As the server sends it, in base64. */
  readonly salt: string;
  readonly iterations: number;
}

/** Derives keys the slow way. */
export type DeriveKeys = (credentials: ScramCredentials) => Promise<ScramKeys>;

/**
 * Keys that were derived before, in this process's memory only; the longest unused give way. Deriving
 * them takes the client as long as all else in opening a connection.
 */
export class ScramKeyCache {
  readonly #limit: number;
  readonly #derive: DeriveKeys;
  readonly #entries = new Map<string, Promise<ScramKeys>>();
  /** Without it a memory dump could be searched for the digests of likely passwords. */
  readonly #pepper = randomBytes(32);

  constructor(limit: number = LIMIT, derive: DeriveKeys = deriveKeys) {
    this.#limit = limit;
    this.#derive = derive;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The keys for exactly these credentials; those who ask at once wait for one derivation. */
  keysFor(credentials: ScramCredentials): Promise<ScramKeys> {
    const id = this.#idOf(credentials);
    const keys = this.#entries.get(id) ?? this.#derive(credentials);
    // A Map keeps the order of insertion: what was used last goes to the end.
    this.#entries.delete(id);
    this.#entries.set(id, keys);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#limit) break;
      this.#entries.delete(oldest);
    }
    keys.catch(() => {
      if (this.#entries.get(id) === keys) this.#entries.delete(id);
    });
    return keys;
  }

  #idOf({ user, password, salt, iterations }: ScramCredentials): string {
    const all = JSON.stringify([user, password, salt, iterations]);
    return createHmac('sha256', this.#pepper).update(all).digest('base64');
  }
}

/** RFC 5802, section 3, on the thread pool. */
async function deriveKeys({ password, salt, iterations }: ScramCredentials): Promise<ScramKeys> {
  const { subtle } = webcrypto;
  const secret = await subtle.importKey('raw', Buffer.from(password), 'PBKDF2', false, ['deriveBits']);
  const parameters = { name: 'PBKDF2', hash: 'SHA-256', salt: Buffer.from(salt, 'base64'), iterations };
  const saltedPassword = Buffer.from(await subtle.deriveBits(parameters, secret, 256));
  return { clientKey: hmac(saltedPassword, 'Client Key'), serverKey: hmac(saltedPassword, 'Server Key') };
}

/** HMAC-SHA-256. */
export function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
