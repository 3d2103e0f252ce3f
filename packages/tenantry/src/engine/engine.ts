import type { ErrorKind } from '../errors.js';
import type { ServerAddress } from './address.js';
import type { EngineCapabilities, EngineName } from './capabilities.js';
import type { EngineConnection } from './connection.js';
import type { PlaceOptions } from './place.js';
import type { Provisioning } from './provisioning.js';

/**
 * Everything that differs between database systems. One folder under `engines/` implements it for
 * one system; nothing outside that folder asks which system it is.
 */
export interface Engine {
  readonly name: EngineName;
  readonly capabilities: EngineCapabilities;

  /**
   * A database server at an address. Does no I/O.
   *
   * @throws InvalidOptionError if the address has parts that this engine cannot use.
   */
  server(address: ServerAddress): EngineServer;

  /** What an error of this engine's driver means. Never throws; `other` when in doubt. */
  classifyError(error: unknown): ErrorKind;

  /**
   * For an error of kind `too-many-connections`: whose limit that was, where it was not the server's. Undefined where
   * the engine's servers have only one.
   */
  limitOf?(error: unknown): 'user' | 'database' | undefined;

  /**
   * Among which connections of its server one of this place can be moved: those of the same group,
   * and no others. Undefined where a connection belongs to its place for life.
   */
  sharingGroup(database: string, place: PlaceOptions): string | undefined;

  /** Quotes an identifier (a database, a table) for use in a statement. Refuses NUL. */
  quoteIdentifier(name: string): string;

  /**
   * Whether a statement only reads, so that it may be sent again where the server says that it
   * killed the connection instead of running it. False when in doubt.
   */
  isRead(sql: string): boolean;
}

/** One database server (or folder of SQLite files) of an engine. Holds no connection by itself. */
export interface EngineServer {
  readonly engine: Engine;
  readonly address: ServerAddress;

  /**
   * Opens one connection to one database, or to a part of it; it stays there unless it is moved
   * (`EngineConnection.rebind`).
   * When it rejects, nothing stays open. Rejections are the driver's own errors.
   */
  open(database: string, options: OpenOptions): Promise<EngineConnection>;

  /**
   * Opens one connection without waiting. Only where `capabilities.synchronous`; there a connection that
   * is destroyed is closed when the call returns.
   *
   * @throws the driver's own errors; nothing stays open then.
   */
  openNow?(database: string): EngineConnection;

  /** The slow path: creating, dropping and describing databases. */
  provisioning(): Promise<Provisioning>;

  /**
   * Subscribes to a channel of the server's own messages in one database, on a connection of its
   * own. Only where `capabilities.notify`.
   */
  listen?(database: string, channel: string, listener: NotificationListener): Promise<Subscription>;
}

/** How a connection is opened. */
export interface OpenOptions extends PlaceOptions {
  /** Milliseconds until the attempt is given up. */
  readonly timeoutMs: number;
  /** Gives the attempt up earlier. */
  readonly signal?: AbortSignal | undefined;
  /** SQLite: make the file if it does not exist. Other engines ignore it. Default false. */
  readonly create?: boolean;
}

/** What a subscription tells its owner. Neither function may throw. */
export interface NotificationListener {
  onMessage(payload: string): void;
  /** The subscription is over, messages may have been missed. Called at most once. */
  onLost(error: Error): void;
}

/** A running subscription. */
export interface Subscription {
  /** Ends it and closes its connection. Idempotent; `onLost` is not called. */
  close(): Promise<void>;
}
