import type { Deps } from '../../../deps.js';
import { malformed } from '../../../errors.js';
import { getApp } from '../../../graph/apps.js';
import { getGroup, groupObstacle } from '../../../graph/groups.js';
import { isGuid } from '../../../policy/guid.js';
import { isHttpsUrl } from '../../../policy/httpsUrl.js';
import { proposedKey } from './catalogueForm.js';
import { patience, whyNot, type Found } from '../pickers/find.js';
import type { FormValues } from '../form/fields.js';

type Typed = { values: FormValues<string>; key: string };

/** A form into which what was chosen has been written; what had been typed already stays. */
export type Used = Typed & {
  /** Roles of the app that can be assigned. */
  roles?: { id: string; name: string }[];
  /** Why it was not taken over. */
  obstacle?: string;
  failed?: Found & { ok: false };
};

/** Fills the form of a group with one of the directory. One that no guest can join is refused here too: the list may be old. */
export async function useGroup(deps: Deps, id: string, { values, key }: Typed): Promise<Used> {
  if (!isGuid(id)) throw malformed();
  try {
    const group = await getGroup(deps.graph, id, patience());
    const obstacle = groupObstacle(group);
    if (obstacle) return { values, key, obstacle };
    const name = group.displayName ?? '';
    const { groups } = deps.policy.current().policy.document;
    return { values: { ...values, id: group.id, name }, key: key || proposedKey(name, groups) };
  } catch (error) {
    const failed = whyNot(deps, error, 'GroupMember.ReadWrite.All');
    return { values: { ...values, id }, key, failed };
  }
}

/** Fills the form of an app with one of the directory, and shows its roles; the only role there is gets chosen. */
export async function useApp(deps: Deps, id: string, { values, key }: Typed): Promise<Used> {
  if (!isGuid(id)) throw malformed();
  try {
    const app = await getApp(deps.graph, id, patience());
    if (app.obstacle) return { values, key, obstacle: app.obstacle };
    const { apps } = deps.policy.current().policy.document;
    const [role] = app.roles;
    const { name = '', url = '' } = values;
    const homepage = app.homepage !== null && isHttpsUrl(app.homepage) ? app.homepage : '';
    const filled = {
      ...values,
      name: name === '' ? app.name : name,
      url: url === '' ? homepage : url,
      servicePrincipalId: app.servicePrincipalId,
      appRoleId: app.roles.length === 1 && role ? role.id : '',
    };
    return { values: filled, key: key || proposedKey(app.name, apps), roles: app.roles };
  } catch (error) {
    const failed = whyNot(deps, error, 'Application.Read.All');
    return { values: { ...values, servicePrincipalId: id }, key, failed };
  }
}
