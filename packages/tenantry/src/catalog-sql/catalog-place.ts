import { describeAddress } from '../engine/address.js';
import type { EngineServer } from '../engine/engine.js';

/** Where a catalog is, for people; never with a password. */
export interface CatalogPlace {
  readonly server: EngineServer;
  readonly database: string;
}

/** As it stands in messages: `database General on mysql://app@db:3306`. */
export function describePlace({ server, database }: CatalogPlace): string {
  return `database ${database} on ${describeAddress(server.address)}`;
}
