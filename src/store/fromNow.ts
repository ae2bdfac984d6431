import { sql, type RawBuilder } from 'kysely';

/** A moment by the database's clock, `seconds` from now; a negative number is in the past. */
export function fromNow(seconds: number): RawBuilder<Date> {
  return sql<Date>`now() + ${seconds}::float8 * interval '1 second'`;
}
