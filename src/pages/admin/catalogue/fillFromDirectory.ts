import type { Deps } from '../../../deps.js';
import { malformed } from '../../../errors.js';
import { getApp } from '../../../graph/apps.js';
import { getGroup, groupObstacle } from '../../../graph/groups.js';
import { isGuid } from '../../../policy/guid.js';
import { isHttpsUrl } from '../../../policy/httpsUrl.js';
import type { FormValues } from '../form/fields.js';
import { describeFailure, pickerSignal } from '../pickers/searchDirectory.js';
import type { ItemLocals, Kind } from './catalogueForm.js';

type Typed = { values: FormValues<string>; key: string };

/** A form into which the chosen group or app has been written; what was typed before stays. */
export type FilledForm = {
  values: FormValues<string>;
  locals: Pick<ItemLocals, 'key'> & Partial<ItemLocals>;
};

/** @throws {PublicError} `malformed` for an id that no list of ours offers */
export async function fillFromDirectory(
  deps: Deps,
  kind: Kind,
  id: string,
  typed: Typed,
): Promise<FilledForm> {
  if (!isGuid(id)) throw malformed();
  try {
    return await { apps: fillApp, groups: fillGroup }[kind](deps, id, typed);
  } catch (error) {
    const failed = describeFailure(deps, error);
    const idField = kind === 'apps' ? 'servicePrincipalId' : 'id';
    return { values: { ...typed.values, [idField]: id }, locals: { key: typed.key, failed } };
  }
}

/** Refuses a group that no guest can join, as the list does, which may be old. */
async function fillGroup(deps: Deps, id: string, { values, key }: Typed): Promise<FilledForm> {
  const group = await getGroup(deps.graph, id, pickerSignal());
  const obstacle = groupObstacle(group);
  if (obstacle) return { values, locals: { key, obstacle } };
  const name = group.displayName ?? '';
  const { groups } = deps.policy.current().policy.document;
  return { values: { ...values, id: group.id, name }, locals: { key: key || proposeKey(name, groups) } };
}

/** Shows the roles of an app too, and chooses the only one. */
async function fillApp(deps: Deps, id: string, { values, key }: Typed): Promise<FilledForm> {
  const app = await getApp(deps.graph, id, pickerSignal());
  const { obstacle, roles } = app;
  if (obstacle) return { values, locals: { key, obstacle } };
  const { apps } = deps.policy.current().policy.document;
  const [role] = roles;
  const { name = '', url = '' } = values;
  const homepage = app.homepage !== null && isHttpsUrl(app.homepage) ? app.homepage : '';
  const filled = {
    ...values,
    name: name === '' ? app.name : name,
    url: url === '' ? homepage : url,
    servicePrincipalId: app.servicePrincipalId,
    appRoleId: roles.length === 1 && role ? role.id : '',
  };
  return { values: filled, locals: { key: key || proposeKey(app.name, apps), roles } };
}

/** A key made of a name: letters and digits, words joined by hyphens, one that is not taken yet. */
function proposeKey(name: string, taken: Record<string, unknown>): string {
  const plain = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 50)
    .replace(/-$/, '');
  const key = plain === '' ? 'new' : plain;
  if (!Object.hasOwn(taken, key)) return key;
  let count = 2;
  while (Object.hasOwn(taken, `${key}-${count}`)) count++;
  return `${key}-${count}`;
}
