import type { Catalog } from '../catalog/catalog.js';
import { catalogError } from './catalog-error.js';
import type { CatalogPlace } from './catalog-place.js';
import { CHANGES_CHANNEL } from './sql-dialect.js';

/** The catalog's `watch`, where the server can push messages; else undefined. */
export function watchOf(place: CatalogPlace): Catalog['watch'] | undefined {
  const { server, database } = place;
  if (!server.engine.capabilities.notify || server.listen === undefined) return undefined;
  const listen = server.listen.bind(server);
  return async (listener) => {
    try {
      return await listen(database, CHANGES_CHANNEL, {
        onMessage: () => listener.onChange(),
        onLost: (error) => listener.onLost(error),
      });
    } catch (error) {
      throw catalogError(error, place);
    }
  };
}
