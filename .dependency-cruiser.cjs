// The arrows of the house: which room of packages/tenantry/src may import which. ARCHITECTURE.md explains
// them. Type imports count (`tsPreCompilationDeps`): a type that points backwards is a design that does.

const SRC = '^packages/tenantry/src/';

// The contracts that everything is built on, in the order of the arrows.
const base = ['errors', 'tenant', 'input'];
const contracts = [...base, 'engine', 'catalog'];
// Beside what a request passes through: these know nothing of it, so that it may use them without a way back.
const beside = ['context', 'observe', 'options'];
const engines = ['engines/mysql', 'engines/postgres', 'engines/sqlite'];
const middle = [...contracts, 'catalog-sql', 'directory', 'pool'];

/** Each room with the rooms that it may import besides itself, and why no others. */
const rooms = {
  errors: [[], 'The error catalog is the bottom of the house.'],
  tenant: [['errors'], 'What a tenant is depends on no database.'],
  input: [['errors', 'tenant'], 'What callers pass is checked at every door, so every room may do it.'],
  engine: [base, 'The engine contract knows no catalog, no pool and no engine.'],
  catalog: [base, 'The catalog contract knows no SQL and no cache.'],
  'engines/mysql': [[...base, 'engine'], 'An engine knows its contract and its driver, nothing of the core.'],
  'engines/postgres': [
    [...base, 'engine'],
    'An engine knows its contract and its driver, nothing of the core.',
  ],
  'engines/sqlite': [
    [...base, 'engine'],
    'An engine knows its contract and its driver, nothing of the core.',
  ],
  'catalog-sql': [contracts, 'The catalog has connections of its own; busy tenants never starve it.'],
  directory: [contracts, 'The directory asks the catalog by its contract, whatever implements it.'],
  pool: [[...contracts, 'observe'], 'A pool leases connections; it never looks a tenant up.'],
  resolve: [base, 'A resolver turns a request into a name and does no I/O.'],
  context: [base, 'The ambient tenant is a name, not a connection.'],
  observe: [base, 'Whoever watches is told; it never reaches into what it watches.'],
  options: [[...base, 'engine'], 'Options are values; reading them starts nothing.'],
  session: [[...middle, ...beside], 'A session serves requests; it knows no lifecycle operations.'],
  fleet: [[...middle, ...beside, 'session'], 'Operations are built on sessions, and sessions not on them.'],
  health: [['errors', 'pool'], 'Health is said in errors and numbers; it asks nobody by itself.'],
  wiring: [
    [...middle, ...beside, ...engines, 'resolve', 'session', 'fleet', 'health'],
    'wiring.ts builds the rooms and puts them together; only it sees them all.',
  ],
  tenancy: [
    [...contracts, ...beside, 'session', 'fleet', 'health', 'wiring'],
    'tenancy.ts is the door: types, and createTenancy, which leaves the rest to wiring.',
  ],
  index: [
    [...contracts, ...beside, 'pool', 'resolve', 'session', 'fleet', 'health', 'tenancy', 'adapters/http'],
    'index.ts is the public face; engines and testing have subpaths of their own.',
  ],
  'adapters/http': [[...base, 'resolve', 'session', 'tenancy'], 'Adapters use what any application could.'],
  'adapters/orm': [[...base, 'session', 'tenancy'], 'Adapters use what any application could.'],
  ...Object.fromEntries(
    ['mysql', 'postgres', 'sqlite'].map((name) => [
      `adapters/${name}`,
      [
        [...base, 'engine/lazy-package', 'session', 'tenancy', `engines/${name}`, 'adapters/orm'],
        "The subpath of an engine: the engine, and pools that are its driver's own over the public face.",
      ],
    ]),
  ),
  testing: [
    [...contracts, 'session', 'fleet', 'options', 'tenancy', 'index', 'adapters/http'],
    'Conformance suites run against contracts and the public face.',
  ],
};

/** The files of a room: a folder, or one file of that name. */
const filesOf = (room) => `${SRC}${room}(/|\\.ts$)`;

const arrows = Object.entries(rooms).map(([room, [mayImport, why]]) => ({
  name: `arrow-${room.replace('/', '-')}`,
  comment: `${why} It may import: ${mayImport.join(', ') || 'nothing'}.`,
  severity: 'error',
  from: { path: filesOf(room) },
  to: { path: SRC, pathNot: [room, ...mayImport].map(filesOf) },
}));

/** Packages that only a few rooms may import, so that they can be replaced and left uninstalled. */
const keptIn = {
  kysely: ['catalog-sql', 'adapters/sqlite'],
  'mysql2|mariadb': ['engines/mysql', 'adapters/mysql'],
  pg: ['engines/postgres', 'adapters/postgres'],
  'libsql|better-sqlite3': ['engines/sqlite', 'adapters/sqlite'],
};

const packages = Object.entries(keptIn).map(([name, mayImport]) => ({
  name: `only-${mayImport[0].replace('/', '-')}-knows-${name.replace('|', '-')}`,
  comment: `${name} is a detail of ${mayImport.join(' and ')}; elsewhere its types or its absence would leak.`,
  severity: 'error',
  from: { path: SRC, pathNot: mayImport.map(filesOf) },
  to: { path: `(^|node_modules/(@types/)?)(${name})(/|$)` },
}));

module.exports = {
  forbidden: [
    ...arrows,
    ...packages,
    {
      name: 'no-cycles',
      comment: 'Modules that need each other are one module, or miss a third. Types count.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'a-room-for-every-file',
      comment: 'A file outside every room has no arrows; give it a room here.',
      severity: 'error',
      from: {},
      to: { path: SRC, pathNot: Object.keys(rooms).map(filesOf) },
    },
    {
      name: 'through-the-front-door',
      comment: 'Other packages and the examples use tenantry by its name, as everybody else must.',
      severity: 'error',
      from: { path: '^(packages|examples)/[^/]+/src/', pathNot: SRC },
      to: { path: SRC },
    },
    {
      name: 'tests-stay-outside',
      comment: 'What is published never needs a test.',
      severity: 'error',
      from: { path: '^(packages|examples)/[^/]+/src/' },
      to: { path: '(^|/)test/' },
    },
    {
      name: 'everything-resolves',
      comment: 'An import that leads nowhere would escape every rule. SQLite drivers may be missing here.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^(libsql|better-sqlite3)$' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    exclude: { path: '^(packages|examples)/[^/]+/dist/|^coverage/|^test/orm/prisma/[^/]+/generated/' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['types', 'import', 'node', 'default'],
    },
  },
};
