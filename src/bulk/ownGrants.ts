import type { SheetRow } from '../store/schema.js';
import { concurrently } from '../concurrently.js';
import type { Deps } from '../deps.js';
import { findAppByAppId, findServicePrincipals, roleObstacle } from '../graph/apps.js';
import { findGroups, groupObstacle } from '../graph/groups.js';
import { groupsWithPortalRoles, leadsToPortalRole } from '../graph/portalRoles.js';
import { grantsOf, type Grants } from '../policy/grants.js';
import { isGuid } from '../policy/guid.js';
import type { PolicyDocument } from '../policy/schema.js';
import { keyIn } from './keyIn.js';

/** What a text of a file stands for; `fault` is the code of why nobody can be given it. */
export type Named<T> = { named: T } | { fault: string };

type OwnGroup = Grants['groups'][number];
/** An app by the policy brings its groups. */
type OwnApp = {
  groups: OwnGroup[];
  role: Grants['appRoles'][number] | null;
  app: Grants['apps'][number] | null;
};

/** The groups and apps of a file by what it calls them, in lower case. */
export type OwnGrants = {
  groups: ReadonlyMap<string, Named<OwnGroup>>;
  apps: ReadonlyMap<string, Named<OwnApp>>;
};

export const NO_OWN_GRANTS: OwnGrants = { groups: new Map(), apps: new Map() };

const AT_ONCE = 8;

/**
 * Looks up the groups and apps that a file names: those of the policy by key, name or id, others by their id in the directory.
 * What the policy must not name, no file may name either.
 *
 * @throws {GraphFault}
 */
export async function findOwnGrants(
  { graph, policy }: Pick<Deps, 'graph' | 'policy'>,
  rows: readonly SheetRow[],
  signal: AbortSignal,
): Promise<OwnGrants> {
  const { document } = policy.current().policy;
  const [groups, apps] = [texts(rows, 'groups'), texts(rows, 'apps')];
  return {
    groups: await groupsNamed(graph, document, groups, signal),
    apps: await appsNamed(graph, document, apps, signal),
  };
}

function texts(rows: readonly SheetRow[], of: 'groups' | 'apps'): string[] {
  return [...new Set(rows.flatMap((row) => row[of]).map((text) => text.toLowerCase()))];
}

async function groupsNamed(
  graph: Deps['graph'],
  document: PolicyDocument,
  wanted: readonly string[],
  signal: AbortSignal,
): Promise<OwnGrants['groups']> {
  const keys = new Map(wanted.map((text) => [text, keyIn(document.groups, text)]));
  const ids = wanted.filter((text) => keys.get(text) === undefined && isGuid(text));
  const [found, carriers] = await Promise.all([
    findGroups(graph, ids, signal),
    ids.length > 0 ? groupsWithPortalRoles(graph, signal) : null,
  ]);
  const approvers = new Set(document.partners.flatMap((partner) => partner.approvers));
  const named = new Map<string, Named<OwnGroup>>();
  await concurrently(wanted, AT_ONCE, async (text) => {
    const key = keys.get(text);
    const known = key === undefined ? undefined : document.groups[key];
    const group = found.get(text);
    if (key !== undefined && known) named.set(text, { named: { key, id: known.id, name: known.name } });
    else if (!group) named.set(text, { fault: 'row.unknownGroup' });
    else {
      const leads = carriers !== null && (await leadsToPortalRole(graph, text, carriers, signal));
      // A guest in a group of approvers could approve the next guests.
      const fault = groupObstacle(group) ?? (leads ? 'portalRole' : approvers.has(text) ? 'approvers' : null);
      named.set(
        text,
        fault
          ? { fault: `row.${fault}` }
          : { named: { key: text, id: text, name: group.displayName ?? text } },
      );
    }
  });
  return named;
}

async function appsNamed(
  graph: Deps['graph'],
  document: PolicyDocument,
  wanted: readonly string[],
  signal: AbortSignal,
): Promise<OwnGrants['apps']> {
  const keys = new Map(wanted.map((text) => [text, keyIn(document.apps, text)]));
  const ids = wanted.filter((text) => keys.get(text) === undefined && isGuid(text));
  const found = await findServicePrincipals(graph, ids, signal);
  const named = new Map<string, Named<OwnApp>>();
  await concurrently(wanted, AT_ONCE, async (text) => {
    const key = keys.get(text);
    if (key !== undefined) named.set(text, { named: ofPolicy(document, key) });
    else {
      // Files of 2015 name apps by their application id.
      const app = found.get(text) ?? (isGuid(text) ? await findAppByAppId(graph, text, signal) : null);
      named.set(text, app ? ofDirectory(graph, app) : { fault: 'row.unknownApp' });
    }
  });
  return named;
}

function ofPolicy(document: PolicyDocument, key: string): OwnApp {
  const { groups, appRoles, apps } = grantsOf({ apps: [key], groups: [] }, document);
  return { groups, role: appRoles[0] ?? null, app: apps[0] ?? null };
}

/** "Assigned, without a role", where an app declares none. */
const DEFAULT_ROLE = '00000000-0000-0000-0000-000000000000';

type DirectoryApp =
  Awaited<ReturnType<typeof findServicePrincipals>> extends Map<string, infer App> ? App : never;

/** Only an app with one role for people leaves no choice of which. */
function ofDirectory(graph: Deps['graph'], app: DirectoryApp): Named<OwnApp> {
  const roles = (app.appRoles ?? []).filter(
    ({ isEnabled, allowedMemberTypes }) => isEnabled && allowedMemberTypes?.includes('User'),
  );
  const appRoleId = app.appRoles?.length ? roles[0]?.id : DEFAULT_ROLE;
  if (roles.length > 1) return { fault: 'row.severalRoles' };
  if (appRoleId === undefined) return { fault: 'row.noRole' };
  const fault = roleObstacle(graph, app, appRoleId);
  if (fault) return { fault: `row.${fault}` };
  const name = app.displayName ?? app.appId;
  return {
    named: { groups: [], role: { key: app.id, name, servicePrincipalId: app.id, appRoleId }, app: null },
  };
}
