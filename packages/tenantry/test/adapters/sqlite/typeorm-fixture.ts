import { AbstractLogger, DataSource, type DataSourceOptions, EntitySchema } from 'typeorm';
import {
  type AmbientTypeormOptions,
  ambientTypeorm,
  type SqliteSourceOptions,
} from '../../../src/adapters/sqlite/index.js';
import { onSqlite, type TwoTenants } from './fixture.js';

interface Post {
  id: number;
  title: string;
}

interface User {
  id: number;
  username: string;
  posts?: Post[];
}

/** Each of a user, and gone with it. */
export const Posts = new EntitySchema<Post & { author?: User }>({
  name: 'Post',
  tableName: 'posts',
  columns: { id: { type: Number, primary: true }, title: { type: String } },
  relations: { author: { type: 'many-to-one', target: 'User', onDelete: 'CASCADE', inverseSide: 'posts' } },
});
export const Users = new EntitySchema<User>({
  name: 'User',
  tableName: 'users',
  columns: { id: { type: Number, primary: true }, username: { type: String, length: 100 } },
  relations: { posts: { type: 'one-to-many', target: 'Post', inverseSide: 'author', cascade: true } },
});
const POSTS =
  'CREATE TABLE posts (id INTEGER PRIMARY KEY, title TEXT NOT NULL, "authorId" INT REFERENCES users (id) ON DELETE CASCADE)';

/** Two tenants, and one DataSource for both. */
export interface OneSource extends TwoTenants {
  readonly source: DataSource;
  /** Handles that are leased now. */
  held(): number | undefined;
  /** What a tenant's own session sees. */
  usersOf(name: string): Promise<unknown[]>;
}

type Opened = (more?: Partial<DataSourceOptions>, options?: AmbientTypeormOptions) => Promise<OneSource>;

/** Defines a suite for each driver of SQLite; `opened` makes two tenants and a DataSource for them. */
export function onTypeorm(define: (opened: Opened, open: () => Promise<TwoTenants>) => void): void {
  onSqlite((open) => {
    const opened: Opened = async (more = {}, options = {}) => {
      const tenants = await open();
      const { tenancy, one, other } = tenants;
      for (const name of [one, other]) await tenancy.session(name).execute(POSTS);
      const source = await ambientTypeorm(tenancy, (sqlite) => makeSource(sqlite, more), options);
      const held = () => tenancy.stats().servers.main?.inUse;
      const usersOf = (name: string) => tenancy.session(name).query('SELECT id FROM users ORDER BY id');
      return { ...tenants, source, held, usersOf };
    };
    define(opened, () => open());
  });
}

class NoLogger extends AbstractLogger {
  protected writeLog(): void {}
}

export function makeSource(sqlite: SqliteSourceOptions, more: Partial<DataSourceOptions> = {}): DataSource {
  const own = { entities: [Users, Posts], logger: new NoLogger() };
  return new DataSource({ ...sqlite, ...own, ...more } as DataSourceOptions);
}

export const nextTurn = () => new Promise((resolve) => setImmediate(resolve));
