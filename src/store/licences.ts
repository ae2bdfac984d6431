import { sql, type RawBuilder } from 'kysely';
import type { Grants } from '../policy/grants.js';
import type { GrantChoice } from '../policy/narrowGrants.js';
import type { Db } from './schema.js';

/** Something that can be granted, with the rank of its tier; see `licences/tiersOf.ts`. */
export type RankedTarget = { target_id: string; role_id: string; rank: number | null };

/**
 * Guests who are there, by partner and by the highest rank of what they have. `unsaid` of them have something of which the policy
 * says no tier, or which it does not name any more.
 */
export type GuestCount = { partner: string | null; rank: number; count: number; unsaid: number };

const targetsOf = (targets: readonly object[]) => sql`jsonb_to_recordset(${JSON.stringify(targets)}::jsonb)`;

export async function countGuests(db: Db, targets: readonly RankedTarget[]): Promise<GuestCount[]> {
  const { rows } = await sql<GuestCount>`
    with target as materialized (${rankedOnce(targets)}), held as (
      select guest_id, max(coalesce(rank, 0)) as rank, bool_or(rank is null) as unsaid
      from access_grant left join target using (target_id, role_id)
      where ended_at is null group by guest_id
    )
    select partner, coalesce(rank, 0) as rank, count(*)::int as count, (count(*) filter (where unsaid))::int as unsaid
    from guest left join held on guest_id = guest.id
    where gone_at is null group by 1, 2`.execute(db);
  return rows;
}

/** How many guests who are there have each app: one of its groups, or its role. */
export async function countGuestsOfApps(
  db: Db,
  targets: readonly { app: string; target_id: string; role_id: string }[],
): Promise<Map<string, number>> {
  const { rows } = await sql<{ app: string; count: number }>`
    select app, count(*)::int as count from (
      select distinct app, guest_id
      from ${targetsOf(targets)} as given (app text, target_id uuid, role_id text)
      join access_grant using (target_id, role_id) where ended_at is null
    ) as held group by app`.execute(db);
  return new Map(rows.map(({ app, count }) => [app, count]));
}

/**
 * People who will get something, by partner. Where they are guests already, `guestPartner` and `rank` say how {@link countGuests}
 * counts them; otherwise `rank` is null.
 */
type GettingCount = {
  partner: string | null;
  guestPartner: string | null;
  rank: number | null;
  count: number;
};

/** People who have been let in and do not have everything yet. An approver has chosen what they get, or a file; or it is all that
 * their partner has. */
export type ComingCount = GettingCount & { chosen: GrantChoice | null; own: Grants | null };

export async function countComing(db: Db, targets: readonly RankedTarget[]): Promise<ComingCount[]> {
  const { rows } = await sql<ComingCount>`
    with target as (${rankedOnce(targets)}), coming as (
      select distinct on (address) address, partner, review -> 'grants' as chosen, bulk -> 'grants' as own
      from request where state = 'queued' order by address, created_at desc
    )
    select coming.partner, guest.partner as "guestPartner",
      case when guest.id is not null then coalesce(${rankOf(sql`guest.id`)}, 0) end as rank, chosen, own, count(*)::int as count
    from coming left join guest on guest.address = coming.address and gone_at is null
    group by 1, 2, 3, 4, 5`.execute(db);
  return rows;
}

const rankedOnce = (targets: readonly RankedTarget[]) => sql`
  select target_id, role_id, max(rank) as rank
  from ${targetsOf(targets)} as given (target_id uuid, role_id text, rank int) group by 1, 2`;

/** The highest rank of what a guest has; null for nothing. */
const rankOf = (guest: RawBuilder<unknown>) => sql`(
  select max(coalesce(target.rank, 0)) from access_grant left join target using (target_id, role_id)
  where access_grant.guest_id = ${guest} and ended_at is null
)`;

/** How {@link countGuests} counts the guest with an address; null where there is none. */
export async function findRank(
  db: Db,
  address: string,
  targets: readonly RankedTarget[],
): Promise<{ partner: string | null; rank: number } | null> {
  const { rows } = await sql<{ partner: string | null; rank: number }>`
    with target as (${rankedOnce(targets)})
    select partner, coalesce(${rankOf(sql`guest.id`)}, 0) as rank
    from guest where address = ${address} and gone_at is null order by rank desc limit 1`.execute(db);
  return rows[0] ?? null;
}

/** What rows of a preview give: `targets` as `policy/grants.ts` names them. */
export type GivenCount = GettingCount & { targets: string[] };

export async function countGiven(
  db: Db,
  runId: string,
  targets: readonly RankedTarget[],
): Promise<GivenCount[]> {
  const { rows } = await sql<GivenCount>`
    with target as (${rankedOnce(targets)})
    select verdict ->> 'partner' as partner, guest.partner as "guestPartner", coalesce(verdict -> 'targets', '[]') as targets,
      case when guest.id is not null then coalesce(${rankOf(sql`guest.id`)}, 0) end as rank, count(*)::int as count
    from run_row left join guest on guest.address = run_row.address and gone_at is null
    where run_id = ${runId}::uuid and outcome in ('invite', 'grant') group by 1, 2, 3, 4`.execute(db);
  return rows;
}

/** The addresses of the guests of some partners; those that were erased are left out. */
export async function listGuestAddresses(db: Db, partners: readonly string[]): Promise<string[]> {
  if (partners.length === 0) return [];
  const rows = await db
    .selectFrom('guest')
    .select('address')
    .where('partner', 'in', partners)
    .where('gone_at', 'is', null)
    .where('address', 'is not', null)
    .orderBy('address')
    .execute();
  return rows.flatMap(({ address }) => address ?? []);
}

/** What the ledger does not know: requests that were anonymised before it began, and guests of several partners. */
export async function countGaps(db: Db): Promise<{ anonymised: number; severalPartners: number }> {
  const { rows } = await sql<{ anonymised: number; severalPartners: number }>`
    select
      (select count(*)::int from request where state = 'provisioned' and anonymised_at < (
        select timestamp::timestamptz from kysely_migration where name = '0011-guests'
      )) as anonymised,
      (select count(*)::int from (
        select guest_id from request where state = 'provisioned' and guest_id is not null and partner is not null
        group by guest_id having count(distinct partner) > 1
      ) as several) as "severalPartners"`.execute(db);
  return rows[0] ?? { anonymised: 0, severalPartners: 0 };
}

export type MonthKind = 'active' | 'governed';

/** Records that guests were seen in months (`2026-11`). */
export async function recordMonths(
  db: Db,
  kind: MonthKind,
  seen: readonly { guest: string; month: string }[],
): Promise<void> {
  if (seen.length === 0) return;
  await sql`
    insert into guest_month (month, kind, guest_id)
    select distinct (month || '-01')::date, ${kind}, guest
    from jsonb_to_recordset(${JSON.stringify(seen)}::jsonb) as given (guest uuid, month text)
    on conflict do nothing`.execute(db);
}

/** How many guests were seen in each month (`2026-11`) from `first` on. */
export async function countMonths(
  db: Db,
  first: string,
): Promise<{ month: string; kind: MonthKind; count: number }[]> {
  const { rows } = await sql<{ month: string; kind: MonthKind; count: number }>`
    select to_char(month, 'YYYY-MM') as month, kind, count(*)::int as count
    from guest_month where month >= (${first} || '-01')::date group by 1, 2`.execute(db);
  return rows;
}

/** Deletes the months before `first` (`2026-11`). */
export async function deleteMonthsBefore(db: Db, first: string): Promise<void> {
  await sql`delete from guest_month where month < (${first} || '-01')::date`.execute(db);
}

/** In which months guests were seen, oldest first. */
export async function findMonths(
  db: Db,
  guests: readonly string[],
): Promise<{ guest_id: string; month: string; kind: MonthKind }[]> {
  const { rows } = await sql<{ guest_id: string; month: string; kind: MonthKind }>`
    select guest_id, to_char(month, 'YYYY-MM') as month, kind from guest_month
    where guest_id = any(${[...guests]}::uuid[]) order by month, kind`.execute(db);
  return rows;
}

/** Forgets when guests were seen. */
export async function forgetMonths(trx: Db, guests: readonly string[]): Promise<void> {
  await sql`delete from guest_month where guest_id = any(${[...guests]}::uuid[])`.execute(trx);
}

/** Makes others who count licences wait until a transaction ends, so that two cannot take the last one. */
export async function lockLicences(trx: Db): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended('licences', 0))`.execute(trx);
}
