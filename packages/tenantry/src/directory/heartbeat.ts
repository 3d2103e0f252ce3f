import { hostname } from 'node:os';
import type { Catalog, ProcessRecord } from '../catalog/catalog.js';
import { newId } from '../tenant/id.js';

/** How often a process renews its lease, and how long a lease lasts: two renewals may fail. */
const RENEW_MS = 5000;
const LEASE_MS = 15_000;
/** The first requests of a process come before its first beat, which would take another connection to the catalog. */
const FIRST_MS = 500;

/** This process's row in the catalog, renewed until it stops. */
export class Heartbeat {
  readonly #catalog: Catalog;
  readonly #revision: () => number;
  readonly #id = newId();
  #timer: NodeJS.Timeout | undefined;
  #isEnded = false;
  #beating: Promise<void> = Promise.resolve();

  constructor(catalog: Catalog, revision: () => number) {
    this.#catalog = catalog;
    this.#revision = revision;
  }

  /** What this process says of itself now. */
  record(): ProcessRecord {
    return {
      id: this.#id,
      label: `${hostname()}:${process.pid}`,
      revision: this.#revision(),
      leaseMs: LEASE_MS,
    };
  }

  start(): void {
    if (this.#isEnded) return;
    this.#timer = setTimeout(() => {
      this.#beat();
      this.#timer = setInterval(() => this.#beat(), RENEW_MS).unref();
    }, FIRST_MS).unref();
  }

  /** Stops at once, and leaves the row to its lease. */
  end(): void {
    clearTimeout(this.#timer);
    this.#isEnded = true;
  }

  /** Stops and removes the row; a catalog out of reach lets the lease run out instead. */
  async stop(): Promise<void> {
    this.end();
    await this.#beating;
    await this.#catalog.removeProcess(this.#id).catch(() => {});
  }

  #beat(): void {
    this.#beating = this.#catalog.heartbeat(this.record()).catch(() => {});
  }
}
