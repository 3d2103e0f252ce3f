import type { ClientConfig } from 'pg';

type Client = typeof import('pg').Client;
type SetTypeParser = (...args: unknown[]) => unknown;

/** By what a client of the driver reads values: those of its own, and those of the process. */
interface Parsers {
  readonly text: object;
  readonly binary: object;
  readonly _types: unknown;
  readonly constructor: new (types: unknown) => Parsers;
}

/**
 * Every result shows by what its client reads values (`_types`), and may be kept when the client serves somebody else:
 * what was set there would be given the other's values. So nothing can be set there. A client whose own `setTypeParser` is
 * called gets other ones, and serves nobody else.
 */
export function withSealedParsers(Driver: Client): Client {
  const Sealed = class extends Driver {
    constructor(config?: ClientConfig) {
      super(config);
      const parsers = parsersOf(this);
      for (const sealed of [parsers.text, parsers.binary, parsers]) Object.freeze(sealed);
    }
  };
  const set = Driver.prototype.setTypeParser as SetTypeParser;
  Object.defineProperty(Sealed.prototype, 'setTypeParser', {
    configurable: true,
    writable: true,
    value(this: InstanceType<Client>, ...args: unknown[]) {
      const parsers = parsersOf(this);
      if (Object.isFrozen(parsers)) Reflect.set(this, '_types', new parsers.constructor(parsers._types));
      return Reflect.apply(set, this, args);
    },
  });
  return Sealed;
}

function parsersOf(client: object): Parsers {
  return Reflect.get(client, '_types') as Parsers;
}
