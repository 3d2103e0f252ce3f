import type { Client } from './driver.js';

/** What the server says of a prepared statement whose columns have changed; its text is in the server's language. */
const NOT_SUPPORTED = '0A000';
const SAID_BY = 'RevalidateCachedQuery';

const IN_TRANSACTION =
  'What the statement reads was changed since it was prepared. Its plan was thrown away, and the transaction is aborted: roll it back and run it again.';
const ELSEWHERE =
  'What the statement reads was changed since it was prepared. Run it again; what was prepared by SQL has to be prepared again, after DEALLOCATE.';

/** A statement of the driver. */
interface Statement {
  readonly name?: string | null;
  submit(connection: object): Error | null | undefined;
  handleError(error: Error, connection: object): void;
}

/** What is used here of pg beyond its types. */
interface DriverClient {
  _activeQuery: Statement | null | undefined;
  readonly pipeline?: boolean;
  readonly constructor: { readonly Query: { readonly prototype: object } };
  getTransactionStatus(): string | null;
}

interface DriverConnection {
  parse(statement: { readonly name?: string | null }): void;
  close(what: { readonly type: 'S'; readonly name: string }): void;
  listeners(event: string): Listener[];
  removeListener(event: string, listener: Listener): unknown;
  on(event: string, listener: Listener): unknown;
  parsedStatements: Readonly<Record<string, string>>;
}

type Listener = (message: never) => unknown;

/**
 * Statements that the driver has prepared under a name, and whose tables were changed since, as by a migration. The
 * server refuses them until they are prepared anew, and the driver would go on asking: so all of the connection's are
 * forgotten, and the one that was refused, of which nothing ran, is sent again in its turn. In a transaction, which is
 * aborted, it fails.
 */
export class StalePlans {
  readonly #client: DriverClient;
  readonly #connection: DriverConnection;
  /** Names that the driver has forgotten and the server has not. */
  readonly #names = new Set<string>();
  #refused: Statement | undefined;
  #repeated: Statement | undefined;

  /** To be made of a client that was just connected, before anybody else listens to its connection. */
  constructor(client: Client) {
    this.#client = client as unknown as DriverClient;
    const connection = client.connection as unknown as DriverConnection;
    this.#connection = connection;
    const { parse } = connection;
    connection.parse = (statement) => {
      const { name } = statement;
      if (this.#names.size > 0 && name && this.#names.delete(name)) connection.close({ type: 'S', name });
      parse.call(connection, statement);
    };
    this.#before('errorMessage', (error: Error) => this.#holdsBack(error));
    this.#before('readyForQuery', () => this.#sendsAgain());
  }

  /** The server has forgotten all of them. */
  forget(): void {
    this.#names.clear();
  }

  /** Asks first, and tells the driver only where the answer is no. */
  #before<M>(event: string, isOurs: (message: M) => boolean): void {
    for (const listener of this.#connection.listeners(event)) {
      this.#connection.removeListener(event, listener);
      this.#connection.on(event, (message: M) => {
        if (!isOurs(message)) (listener as (message: M) => unknown)(message);
      });
    }
  }

  #holdsBack(error: Error): boolean {
    const { code, routine } = error as Error & { readonly code?: string; readonly routine?: string };
    if (code !== NOT_SUPPORTED || routine !== SAID_BY) return false;
    for (const name of Object.keys(this.#connection.parsedStatements)) this.#names.add(name);
    this.#connection.parsedStatements = {};
    const statement = this.#client._activeQuery;
    const isInTransaction = this.#client.getTransactionStatus() !== 'I';
    if (statement && !isInTransaction && this.#mayRepeat(statement)) {
      this.#refused = statement;
      return true;
    }
    Object.assign(error, { hint: isInTransaction ? IN_TRANSACTION : ELSEWHERE });
    return false;
  }

  /** Once; and only what is the driver's own, and not where others were sent behind it already. */
  #mayRepeat(statement: Statement): boolean {
    const isDrivers = Object.getPrototypeOf(statement) === this.#client.constructor.Query.prototype;
    return isDrivers && !!statement.name && statement !== this.#repeated && !this.#client.pipeline;
  }

  #sendsAgain(): boolean {
    const statement = this.#refused;
    this.#refused = undefined;
    this.#repeated = statement;
    if (statement === undefined) return false;
    const refusal = statement.submit(this.#connection);
    if (!refusal) return true;
    this.#client._activeQuery = null;
    statement.handleError(refusal, this.#connection);
    return false;
  }
}
