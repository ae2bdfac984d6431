import type { Deps } from '../deps.js';
import { findAppRoleAssignments } from '../graph/apps.js';
import { GraphFault } from '../graph/graphFault.js';
import { checkMemberGroupsOfMany, findUsersByAddresses } from '../graph/users.js';
import { accountOf } from '../requests/provision/account.js';
import type { Found } from '../store/schema.js';
import type { RowOrder } from './judge.js';

/** What the directory says of people, by address; `asked` is false where it could not be asked about all of them. */
export type Directory = { found: Map<string, Found>; asked: boolean };

type Guest = NonNullable<Found['guest']>;

/** An admin waits for this. */
const LONGEST_MS = 30_000;

/** Asks the directory who is there already, and what those have of what they are to get. Twenty people a call. */
export async function askDirectory(graph: Deps['graph'], orders: readonly RowOrder[]): Promise<Directory> {
  const signal = AbortSignal.timeout(LONGEST_MS);
  const found = new Map<string, Found>();
  try {
    const addresses = orders.map(({ address }) => address.canonical);
    const answers = await findUsersByAddresses(graph, addresses, signal);
    let asked = true;
    for (const [index, answer] of answers.entries()) {
      if (answer instanceof GraphFault) asked = false;
      else found.set(addresses[index] ?? '', foundOf(accountOf(answer)));
    }
    const complete = await addAccess(graph, orders, found, signal);
    return { found, asked: asked && complete };
  } catch (error) {
    if (!(error instanceof GraphFault)) throw error;
    return { found, asked: false };
  }
}

function foundOf(account: ReturnType<typeof accountOf>): Found {
  if (!account) return {};
  return 'problem' in account
    ? { problem: account.problem.code }
    : { guest: { id: account.guest.id, accepted: account.guest.accepted } };
}

/** Adds the groups and app roles that guests have already. Returns whether all of them could be looked at. */
async function addAccess(
  graph: Deps['graph'],
  orders: readonly RowOrder[],
  found: ReadonlyMap<string, Found>,
  signal: AbortSignal,
): Promise<boolean> {
  const guests = orders.flatMap(({ address, decision }) => {
    const known = found.get(address.canonical);
    return known?.guest ? [{ known, guest: known.guest, grants: decision.grants }] : [];
  });
  const groupIds = [
    ...new Set(guests.flatMap(({ grants }) => grants.groups.map(({ id }) => id.toLowerCase()))),
  ];
  const appIds = [
    ...new Set(guests.flatMap(({ grants }) => grants.appRoles.map((one) => one.servicePrincipalId))),
  ];
  const ids = guests.map(({ guest }) => guest.id);
  const groups = groupIds.length > 0 ? await checkMemberGroupsOfMany(graph, ids, groupIds, signal) : [];
  const roles = await rolesOf(graph, appIds, signal);
  for (const [index, { known, guest }] of guests.entries()) {
    const isIn = groups[index];
    known.groups = isIn instanceof Set ? [...isIn] : [];
    known.roles = roles?.get(guest.id.toLowerCase()) ?? [];
  }
  return roles !== null && !groups.some((one) => one instanceof GraphFault);
}

/** The roles on some apps, by guest; null where the portal may not read them. */
async function rolesOf(
  graph: Deps['graph'],
  appIds: readonly string[],
  signal: AbortSignal,
): Promise<Map<Guest['id'], string[]> | null> {
  const roles = new Map<string, string[]>();
  if (appIds.length === 0) return roles;
  if (!(await graph.isPermitted('readApps', signal))) return null;
  for (const appId of appIds) {
    for (const { principalId, appRoleId } of await findAppRoleAssignments(graph, appId, signal)) {
      const id = principalId.toLowerCase();
      roles.set(id, [...(roles.get(id) ?? []), `${appId}/${appRoleId}`.toLowerCase()]);
    }
  }
  return roles;
}
