import { UnderWay } from './under-way.mjs';

/** @typedef {import('../contracts/notes.js').Binding} Binding */
/** @typedef {import('../contracts/notes.js').Change} Change */
/** @typedef {import('../contracts/dialect.js').Dialect} Dialect */
/** @typedef {import('../contracts/hunt.js').HunterConfig} HunterConfig */
/** @typedef {import('../contracts/prey.js').Prey} Prey */
/** @typedef {import('../../../packages/tenantry/src/index.js').Session} Session */
/** @typedef {import('../../../packages/tenantry/src/index.js').Tenancy} Tenancy */
/** @typedef {import('../contracts/prey.js').TenantState} TenantState */
/** @typedef {import('./journal.mjs').Journal} Journal */

/** How a tenant was called when somebody wrote it down: in a token, in a job. */
/** @typedef {{ readonly id: string, readonly name: string }} Reference */

/** A session that is kept far too long. */
/** @typedef {{ name: string, session: Session, binding: Binding, floor: number }} KeptSession */

const MAX_KEPT = 24;
const MAX_REFERENCES = 200;

/** What a hunter process knows: its tenancy, its tenants, and how far its view of the catalog has come. */
export class World {
  /** @type {KeptSession[]} */
  kept = [];
  /** @type {Reference[]} */
  references = [];
  underWay = new UnderWay();
  /** The tenants that this process changes, and whether it is at it. */
  /** @type {Map<string, boolean>} */
  changing = new Map();
  #requests = 0;
  /** What a third of the tenants is reached through; undefined without a network. */
  /** @type {import('./weather.mjs').Weather | undefined} */
  weather;
  /** How often each tenant was made anew. */
  /** @type {Map<string, number>} */
  #generations = new Map();
  /** @type {Map<string, Prey>} */
  #prey;

  /**
   * @param {HunterConfig} config
   * @param {Tenancy} tenancy
   * @param {Dialect} dialect
   * @param {Journal} journal
   * @param {import('./pools.mjs').AmbientPool} pool the driver's own, over the tenancy
   */
  constructor(config, tenancy, dialect, journal, pool) {
    this.process = config.process;
    this.isolation = config.isolation;
    this.tenancy = tenancy;
    this.dialect = dialect;
    this.journal = journal;
    this.pool = pool;
    this.impostors = config.impostors;
    this.hostages = config.hostages;
    this.dice = new Map(config.dice);
    this.secret = config.hasNetwork ? new URL(config.url).password : '';
    this.#prey = new Map(config.prey.map((prey) => [prey.name, prey]));
    this.names = config.prey.map(({ name }) => name);
    this.owned = config.prey.filter(({ owner }) => owner === config.process).map(({ name }) => name);
  }

  nextRequest() {
    return `${this.process}-${++this.#requests}`;
  }

  /**
   * To be called for each attempt to make a tenant: its key may be taken though it failed.
   *
   * @param {string} name
   */
  nextGeneration(name) {
    const next = (this.#generations.get(name) ?? 0) + 1;
    this.#generations.set(name, next);
    return next;
  }

  /**
   * @param {string} name
   * @returns {Prey}
   */
  prey(name) {
    const prey = this.#prey.get(name);
    if (prey === undefined) throw new Error(`Nobody hunts ${name}.`);
    return prey;
  }

  /** @param {string} name */
  isFar(name) {
    return this.#prey.get(name)?.server === 'far';
  }

  /**
   * A tenant has another state now.
   *
   * @param {string} name
   * @param {TenantState} state
   */
  learn(name, state) {
    this.#prey.set(name, { ...this.prey(name), state });
  }

  /** The revision up to which this process knows the catalog: no route that it serves may be older. */
  get floor() {
    return this.tenancy.stats().directory.revision;
  }

  /** How many connections are in use. */
  async leased() {
    const { servers } = await this.tenancy.health();
    return Object.values(servers).reduce((sum, { pool }) => sum + pool.inUse, 0);
  }

  /** @param {Reference} reference */
  note(reference) {
    this.references[this.#requests % MAX_REFERENCES] = reference;
  }

  /** @param {KeptSession} kept */
  keep(kept) {
    if (this.kept.length < MAX_KEPT) this.kept.push(kept);
    else this.kept[this.#requests % MAX_KEPT] = kept;
  }
}
