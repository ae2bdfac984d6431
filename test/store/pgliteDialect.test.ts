import { PGlite } from '@electric-sql/pglite';
import { Kysely, sql } from 'kysely';
import { pgliteDialect } from '../../src/store/pgliteDialect.js';

test('the embedded store gives bytes as PostgreSQL does: as a Buffer', async () => {
  const db = new Kysely<unknown>({ dialect: pgliteDialect(await PGlite.create()) });
  const bytes = Buffer.from([0, 93, 26, 255]);
  const { rows } = await sql<{
    bytes: Buffer;
    none: Buffer | null;
  }>`select ${bytes}::bytea as bytes, null::bytea as none`.execute(db);
  await db.destroy();
  expect(rows).toEqual([{ bytes, none: null }]);
  expect(rows[0]?.bytes.toString('hex')).toBe('005d1aff');
});
