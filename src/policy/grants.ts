import type { Partner, PolicyDocument } from './schema.js';

/** What a person gets: groups to join, app roles to be assigned, and the apps to show them. */
export type Grants = {
  groups: { key: string; id: string; name: string }[];
  appRoles: { key: string; name: string; servicePrincipalId: string; appRoleId: string }[];
  apps: { key: string; name: string; url: string }[];
};

export const NO_GRANTS: Grants = deepFreeze({ groups: [], appRoles: [], apps: [] });

/** What the people of a partner get: its own groups and those of its apps, each once, in the order of the document. */
export function grantsOf(partner: Pick<Partner, 'apps' | 'groups'>, document: PolicyDocument): Grants {
  const apps = partner.apps.map((key) => ({ key, app: own(document.apps, key) }));
  const groupKeys = [...partner.groups, ...apps.flatMap(({ app }) => app.groups)];
  const groups = new Map<string, Grants['groups'][number]>();
  for (const key of groupKeys) {
    const { id, name } = own(document.groups, key);
    if (!groups.has(id)) groups.set(id, { key, id, name });
  }
  return {
    groups: [...groups.values()],
    appRoles: apps.flatMap(({ key, app: { name, servicePrincipalId, appRoleId } }) =>
      servicePrincipalId === undefined || appRoleId === undefined
        ? []
        : [{ key, name, servicePrincipalId, appRoleId }],
    ),
    apps: apps.map(({ key, app: { name, url } }) => ({ key, name, url })),
  };
}

/** What is granted in the directory, in small letters: `<group>/` for a group, `<service principal>/<role>` for a role of an app. */
export function targetKeys({ groups, appRoles }: Pick<Grants, 'groups' | 'appRoles'>): string[] {
  return [
    ...groups.map(({ id }) => targetKey(id)),
    ...appRoles.map(({ servicePrincipalId, appRoleId }) => targetKey(servicePrincipalId, appRoleId)),
  ];
}

export function targetKey(target: string, role = ''): string {
  return `${target}/${role}`.toLowerCase();
}

function own<T>(record: Record<string, T>, key: string): T {
  const value = Object.hasOwn(record, key) ? record[key] : undefined;
  if (value === undefined) throw new Error(`Not a validated policy: nothing is called "${key}"`);
  return value;
}

/** Freezes a tree of plain data. A part that is frozen already counts as frozen to its leaves, so each part is visited once. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.values(value).forEach(deepFreeze);
  return Object.freeze(value);
}
