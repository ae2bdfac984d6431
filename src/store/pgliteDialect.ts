import type { PGlite } from '@electric-sql/pglite';
import {
  CompiledQuery,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
} from 'kysely';

/**
 * Kysely over an embedded PGlite.
 *
 * PGlite is one connection. Statements and whole transactions take turns here, so
 * that no statement of one lands in another's transaction. Everything in the process must therefore
 * go through this dialect and never to PGlite itself.
 */
export function pgliteDialect(pglite: PGlite): Dialect {
  return {
    createDriver: () => pgliteDriver(pglite),
    createQueryCompiler: () => new PostgresQueryCompiler(),
    createAdapter: () => new PostgresAdapter(),
    createIntrospector: (db) => new PostgresIntrospector(db),
  };
}

function pgliteDriver(pglite: PGlite): Driver {
  const connection = pgliteConnection(pglite);
  const waiting: (() => void)[] = [];
  let taken = false;

  const run = (sql: string) => connection.executeQuery(CompiledQuery.raw(sql)).then(() => undefined);

  return {
    init: () => Promise.resolve(),
    async acquireConnection() {
      if (taken) await new Promise<void>((resolve) => waiting.push(resolve));
      taken = true;
      return connection;
    },
    releaseConnection() {
      const next = waiting.shift();
      if (next) next();
      else taken = false;
      return Promise.resolve();
    },
    beginTransaction: () => run('begin'),
    commitTransaction: () => run('commit'),
    rollbackTransaction: () => run('rollback'),
    destroy: () => pglite.close(),
  };
}

/** Bytes as `pg` gives them, where PGlite would give a plain Uint8Array; 17 is the type bytea. */
const PARSERS = { 17: (value: string) => Buffer.from(value.slice('\\x'.length), 'hex') };

function pgliteConnection(pglite: PGlite): DatabaseConnection {
  return {
    async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
      const { rows, affectedRows = 0 } = await pglite.query<R>(sql, [...parameters], { parsers: PARSERS });
      return { rows, numAffectedRows: BigInt(affectedRows) };
    },
    streamQuery() {
      throw new Error('The embedded store does not stream');
    },
  };
}
