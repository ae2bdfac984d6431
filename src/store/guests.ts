import { sql } from 'kysely';
import type { Grants } from '../policy/grants.js';
import type { AccessGrantRow, Db, GrantFound, Guest, GuestRow } from './schema.js';
import type { StepWriter } from './steps.js';

// The ledger of who has access through the portal, and of what the portal itself has given. Later work takes away only what is
// `created` here. It outlives the personal data of requests, until the access ends.

/** What can be granted: a group, or a role of an app. `name` is what the policy called it. */
export type GrantTarget = { kind: 'group' | 'app'; targetId: string; roleId: string; name: string };

/** The targets of a policy's grants, by the keys of the steps that give them. */
export function grantTargets({ groups, appRoles }: Grants): Map<string, GrantTarget> {
  return new Map([
    ...groups.map(({ key, id, name }): [string, GrantTarget] => [
      `group:${key}`,
      { kind: 'group', targetId: id, roleId: '', name },
    ]),
    ...appRoles.map(({ key, name, servicePrincipalId, appRoleId }): [string, GrantTarget] => [
      `app:${key}`,
      { kind: 'app', targetId: servicePrincipalId, roleId: appRoleId, name },
    ]),
  ]);
}

/**
 * Records the guest of a request that `writer` still works on. What is known of how an account came stays: only `unknown` gives
 * way.
 */
export async function recordGuest(db: Db, writer: StepWriter, guest: Guest): Promise<void> {
  await insertGuest(db, writer, guest, guest.created ? 'portal' : 'found')
    .onConflict((conflict) =>
      conflict.column('id').doUpdateSet({
        address: (eb) => eb.ref('excluded.address'),
        partner: (eb) => eb.ref('excluded.partner'),
        came: sql<GuestRow['came']>`case when guest.came = 'unknown' then excluded.came else guest.came end`,
        accepted: sql<boolean>`guest.accepted or excluded.accepted`,
        seen_at: sql<Date>`now()`,
        gone_at: null,
      }),
    )
    .execute();
}

/** A guest with the address and the partner of a request, if `writer` holds its lease. */
function insertGuest(
  db: Db,
  { requestId, owner }: StepWriter,
  { id, accepted }: Guest,
  came: GuestRow['came'],
) {
  return db
    .insertInto('guest')
    .columns(['id', 'address', 'partner', 'came', 'accepted'])
    .expression((from) =>
      from
        .selectFrom('request')
        .select([
          sql<string>`${id}::uuid`.as('id'),
          'address',
          'partner',
          sql<GuestRow['came']>`${came}::text`.as('came'),
          sql<boolean>`${accepted}::boolean`.as('accepted'),
        ])
        .where('request.id', '=', requestId)
        .where('lease_owner', '=', owner),
    );
}

/**
 * Records that a guest has something, for a request that `writer` still works on. A grant that the portal gave counts as given
 * even if it is found there later; one that it gives now was away before.
 */
export async function recordGrant(
  db: Db,
  writer: StepWriter,
  guest: Guest,
  { kind, targetId, roleId, name, found }: GrantTarget & { found: GrantFound },
): Promise<void> {
  // An earlier version may have invited the guest.
  const known = insertGuest(db, writer, guest, 'unknown').onConflict((conflict) => conflict.doNothing());
  const { requestId, owner } = writer;
  await db
    .with('known', () => known)
    .insertInto('access_grant')
    .columns(['guest_id', 'kind', 'target_id', 'role_id', 'name', 'request_id', 'found'])
    .expression((from) =>
      from
        .selectFrom('request')
        .select([
          sql<string>`${guest.id}::uuid`.as('guest_id'),
          sql<'group' | 'app'>`${kind}::text`.as('kind'),
          sql<string>`${targetId}::uuid`.as('target_id'),
          sql<string>`${roleId}::text`.as('role_id'),
          sql<string>`${name}::text`.as('name'),
          'id as request_id',
          sql<GrantFound>`${found}::text`.as('found'),
        ])
        .where('id', '=', requestId)
        .where('lease_owner', '=', owner),
    )
    .onConflict((conflict) =>
      conflict
        .columns(['guest_id', 'kind', 'target_id', 'role_id'])
        .where('ended_at', 'is', null)
        .doUpdateSet({ found: 'created', name, request_id: requestId, since: sql<Date>`now()` })
        .where(sql<boolean>`excluded.found = 'created'`),
    )
    .execute();
}

/** Ends the access of a guest whose account is not there any more. */
export async function endAccessOfGone(db: Db, guestId: string): Promise<void> {
  await db
    .updateTable('guest')
    .set({ gone_at: sql<Date>`now()` })
    .where('id', '=', guestId)
    .execute();
  await db
    .updateTable('access_grant')
    .set({ ended_at: sql<Date>`now()`, ended_by: 'guestGone' })
    .where('guest_id', '=', guestId)
    .where('ended_at', 'is', null)
    .execute();
}

/** Records that grants were taken away. */
export async function endGrants(db: Db, ids: readonly string[], by: 'undo'): Promise<void> {
  if (ids.length === 0) return;
  await db
    .updateTable('access_grant')
    .set({ ended_at: sql<Date>`now()`, ended_by: by })
    .where('id', 'in', ids)
    .execute();
}

/** A guest with what they have, or had, through the portal. */
export type GuestWithGrants = GuestRow & { grants: AccessGrantRow[] };

/** The guests whose account has an address. */
export async function findGuestsOf(db: Db, address: string): Promise<GuestWithGrants[]> {
  const guests = await db.selectFrom('guest').selectAll().where('address', '=', address).execute();
  const found: GuestWithGrants[] = [];
  for (const guest of guests) found.push({ ...guest, grants: await findGrants(db, guest.id) });
  return found;
}

/** What a guest has, or had, oldest first. */
export function findGrants(db: Db, guestId: string): Promise<AccessGrantRow[]> {
  return db.selectFrom('access_grant').selectAll().where('guest_id', '=', guestId).orderBy('id').execute();
}

/** How an account came that the portal knows as a guest's; null for any other. */
export async function howGuestCame(db: Db, id: string): Promise<GuestRow['came'] | null> {
  const guest = await db.selectFrom('guest').select('came').where('id', '=', id).executeTakeFirst();
  return guest?.came ?? null;
}

/** Removes the address; the ids stay until the access ends. */
export async function forgetGuestAddress(trx: Db, address: string): Promise<void> {
  await trx.updateTable('guest').set({ address: null }).where('address', '=', address).execute();
}

/** Deletes guests whose account went more than `days` ago, with their grants. */
export async function deleteGoneGuests(trx: Db, days: number): Promise<void> {
  await trx
    .deleteFrom('guest')
    .where('gone_at', '<', sql<Date>`now() - ${days}::int * interval '1 day'`)
    .execute();
}

/**
 * Records the guests of requests that a version before this table has provisioned, and may still provision while it runs beside
 * this one. How they and their grants were found is not known any more.
 */
export async function recordEarlierGuests(db: Db): Promise<void> {
  await sql`
    with earlier as (
      insert into guest (id, address, partner, came, created_at)
      select distinct on (guest_id) guest_id, address, partner, 'unknown', updated_at
      from request
      where state = 'provisioned' and guest_id is not null
        and not exists (select from guest where guest.id = request.guest_id)
      order by guest_id, updated_at
      on conflict do nothing
      returning id
    ), had as (
      select guest_id, request.id as request_id, updated_at, decision -> 'grants' as grants
      from request join earlier on earlier.id = request.guest_id where state = 'provisioned'
    )
    insert into access_grant (guest_id, kind, target_id, role_id, name, request_id, found, since)
    select guest_id, 'group', (one ->> 'id')::uuid, '', one ->> 'name', request_id, 'unknown', updated_at
    from had, jsonb_array_elements(grants -> 'groups') as one
    union all
    select guest_id, 'app', (one ->> 'servicePrincipalId')::uuid, one ->> 'appRoleId', one ->> 'name', request_id, 'unknown', updated_at
    from had, jsonb_array_elements(grants -> 'appRoles') as one
    on conflict do nothing`.execute(db);
}
