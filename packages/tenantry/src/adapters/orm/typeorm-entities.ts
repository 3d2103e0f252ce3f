import type { Tenancy } from '../../tenancy.js';
import { Origin } from './origin.js';

/** What a DataSource makes entities by, and what it does with them, beyond its types. */
export interface EntitySource {
  readonly entityMetadatas?: readonly EntityMetadata[];
  readonly relationLoader?: RelationLoader;
  readonly subscribers?: object[];
}

interface RelationLoader {
  load?: LoadRelation;
  enableLazyLoad?(...given: unknown[]): void;
}

interface EntityMetadata {
  readonly columns?: readonly ColumnMetadata[];
  readonly lazyRelations?: readonly unknown[];
  readonly target?: unknown;
  create?(...given: unknown[]): object;
  extractRelationValuesFromEntity?(entity: object, relations: unknown): readonly RelationValue[];
}

interface ColumnMetadata {
  getEntityValue?(entity: unknown, ...more: unknown[]): unknown;
  getEntityValueMap?(entity: unknown): unknown;
}

/** A relation of an entity, what it has there, and the metadata of that. */
type RelationValue = readonly [relation: unknown, value: unknown, metadata: unknown];

type LoadRelation = (relation: unknown, entities: unknown, ...more: unknown[]) => Promise<unknown>;

interface InsertEvent {
  readonly entity?: unknown;
  readonly metadata: { readonly primaryColumns: readonly { readonly isGenerated: boolean }[] };
}

/** Takes the last steps with a DataSource that was initialized; one that is refused is closed, for nobody else has it. */
export async function orClose(source: object, steps: () => void): Promise<void> {
  try {
    steps();
  } catch (error) {
    await (source as { destroy?(): Promise<unknown> }).destroy?.().catch(() => {});
    throw error;
  }
}

/**
 * Makes an initialized DataSource refuse (`TENANTRY_TENANT_SWITCH`) an entity in the context of another tenant than it was
 * made for: to save or remove it, or one that has it as a relation, would write over the other's row with the same
 * key, and to ask by it (`relation().of`, `whereInIds`) would find what the other has under that key. A relation that
 * is loaded lazily is loaded from its own tenant, wherever that happens.
 *
 * An entity is a tenant's whose DataSource made it in that tenant's context: by loading it, by `create`, or by giving
 * it its key when it was inserted. Whatever else the application makes belongs to nobody, and can be saved for each
 * tenant, as seeds are.
 *
 * @returns whether TypeORM makes and loads entities where it could be told
 */
export function bindEntities(tenancy: Tenancy, source: EntitySource): boolean {
  const { entityMetadatas, relationLoader, subscribers } = source;
  const { load, enableLazyLoad } = relationLoader ?? {};
  if (entityMetadatas === undefined || relationLoader === undefined || load === undefined) return false;
  if (enableLazyLoad === undefined || !Array.isArray(subscribers)) return false;
  const origins = new WeakMap<object, Origin>();
  const note = (entity: unknown) => {
    const origin = new Origin(tenancy, 'An entity');
    if (isObject(entity) && origin.tenant !== undefined) origins.set(entity, origin);
  };
  const assertNotElsewhere = (value: unknown) => {
    if (isLazy) return;
    for (const entity of Array.isArray(value) ? value : [value]) {
      if (isObject(entity)) origins.get(entity)?.assertNotElsewhere();
    }
  };
  let isLazy = false;
  const lazyLoader: RelationLoader = Object.assign(Object.create(relationLoader) as RelationLoader, {
    load: (...given: Parameters<LoadRelation>) => {
      const [, entity] = given;
      const loaded = () => {
        // Its statement is made at once. Not refused: TypeORM leaves a promise behind that nobody awaits, whose
        // rejection would end the process.
        isLazy = true;
        try {
          return load.apply(relationLoader, given);
        } finally {
          isLazy = false;
        }
      };
      const origin = isObject(entity) ? origins.get(entity) : undefined;
      return origin === undefined ? loaded() : origin.run(loaded);
    },
  });
  relationLoader.enableLazyLoad = (...given) => enableLazyLoad.apply(lazyLoader, given);
  for (const metadata of entityMetadatas) {
    const { create, extractRelationValuesFromEntity: extract, columns, lazyRelations, target } = metadata;
    if (create === undefined || extract === undefined) return false;
    if (columns === undefined || lazyRelations === undefined) return false;
    // TypeORM did it when the DataSource was initialized, for those that the application makes of its class.
    if (typeof target === 'function') {
      for (const relation of lazyRelations) enableLazyLoad.call(lazyLoader, relation, target.prototype);
    }
    // Whatever takes an entity makes its statement of what its columns say: relation builders, whereInIds, insert.
    for (const column of columns) {
      const { getEntityValue, getEntityValueMap } = column;
      if (getEntityValue === undefined || getEntityValueMap === undefined) return false;
      column.getEntityValue = (entity, ...more) => {
        assertNotElsewhere(entity);
        return getEntityValue.call(column, entity, ...more);
      };
      column.getEntityValueMap = (entity) => {
        assertNotElsewhere(entity);
        return getEntityValueMap.call(column, entity);
      };
    }
    metadata.create = (...given) => {
      const entity = create.apply(metadata, given);
      note(entity);
      return entity;
    };
    // Asked of everything that is saved or removed, what cascades bring included.
    metadata.extractRelationValuesFromEntity = (entity, relations) => {
      assertNotElsewhere(entity);
      const values = extract.call(metadata, entity, relations);
      for (const [, value] of values) assertNotElsewhere(value);
      return values;
    };
  }
  subscribers.push({
    afterInsert: ({ entity, metadata }: InsertEvent) => {
      if (metadata.primaryColumns.some(({ isGenerated }) => isGenerated)) note(entity);
    },
  });
  return true;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
