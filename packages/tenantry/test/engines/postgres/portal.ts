import { EventEmitter } from 'node:events';
import type pg from 'pg';

/** What a cursor needs of pg's connection. */
interface Connection {
  parse(statement: { text: string }): void;
  bind(portal: { portal: string; values: string[] }): void;
  describe(what: { type: string; name: string }): void;
  execute(portal: { portal: string; rows: number }): void;
  close(what: { type: string; name: string }): void;
  flush(): void;
  sync(): void;
  readonly stream: NodeJS.WritableStream;
}

/** A cursor as pg-cursor is one: it keeps the connection that it was given, and reads on whenever it is asked. */
export class Portal extends EventEmitter implements pg.Submittable {
  readonly rows: string[] = [];
  connection: Connection | undefined;

  constructor(
    readonly text: string,
    readonly portion: number,
  ) {
    super();
  }

  submit(connection: unknown): void {
    this.connection = connection as Connection;
    this.connection.parse({ text: this.text });
    this.connection.bind({ portal: 'portal', values: [] });
    this.connection.describe({ type: 'P', name: 'portal' });
    this.read();
  }

  read(): void {
    this.connection?.execute({ portal: 'portal', rows: this.portion });
    this.connection?.flush();
  }

  close(): void {
    this.connection?.close({ type: 'P', name: 'portal' });
    this.connection?.sync();
  }

  handleRowDescription(): void {}

  handleDataRow({ fields }: { fields: (string | null)[] }): void {
    this.rows.push(String(fields[0]));
  }

  handlePortalSuspended(): void {
    this.emit('portion');
  }

  handleCommandComplete(): void {
    this.connection?.sync();
  }

  handleReadyForQuery(): void {
    this.emit('end');
  }

  handleError(error: Error): void {
    this.connection?.sync();
    this.emit('failed', error);
  }
}
