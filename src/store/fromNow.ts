import { sql, type RawBuilder } from 'kysely';

/** A moment on the database's clock, so many seconds ahead; before now for a negative number. */
export function fromNow(seconds: number): RawBuilder<Date> {
  return sql<Date>`now() + ${seconds}::float8 * interval '1 second'`;
}
