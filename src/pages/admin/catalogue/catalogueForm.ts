import type { Deps } from '../../../deps.js';
import { notFound } from '../../../errors.js';
import { TIERS, type Tier } from '../../../policy/licensing.js';
import type { PolicyDocument } from '../../../policy/schema.js';
import { line, ticks, type Fields } from '../form/fields.js';
import type { FormPage } from '../form/formPage.js';
import type { FormSearch } from '../form/formSearch.js';
import { appPath, groupPath, partnerPath } from '../objectPath.js';
import type { Found } from '../pickers/searchDirectory.js';

/** What there is to grant: two lists of the policy, whose items have keys. */
export type Kind = 'apps' | 'groups';

/** A group's settings; its key lasts, since apps and partners refer to it. */
const GROUP_FIELDS = {
  name: line(['name'], { required: true }),
  id: line(['id'], { required: true }),
  tier: line(['tier']),
} satisfies Fields<string>;

/** An app's settings; its key lasts, since partners refer to it. */
const APP_FIELDS = {
  name: line(['name'], { required: true }),
  url: line(['url'], { required: true }),
  groups: ticks(['groups']),
  servicePrincipalId: line(['servicePrincipalId']),
  appRoleId: line(['appRoleId']),
  tier: line(['tier']),
} satisfies Fields<string>;

/** `order` is that of a new item's form, which has a field for the key too. */
const KINDS: Record<
  Kind,
  { view: string; fields: Fields<string>; order: string[]; path: (key: string) => string }
> = {
  apps: {
    view: 'admin/app',
    fields: APP_FIELDS,
    order: ['name', 'url', 'key', 'groups', 'servicePrincipalId', 'appRoleId', 'tier'],
    path: appPath,
  },
  groups: {
    view: 'admin/group',
    fields: GROUP_FIELDS,
    order: ['name', 'id', 'key', 'tier'],
    path: groupPath,
  },
};

/** An app or a partner that grants the item; the item cannot be removed while there is one. */
type Use = { kind: 'app' | 'partner'; name: string; path: string };

export type ItemLocals = {
  /** As it is typed, for a new item. */
  key: string;
  uses: Use[];
  groups: PolicyDocument['groups'];
  tickChoices: typeof tickChoices;
  tiers: readonly Tier[];
  search: FormSearch | null;
  /** Roles of the chosen app. */
  roles: { id: string; name: string }[] | null;
  /** Why what was chosen in the directory was not taken over. */
  obstacle: string | null;
  failed: (Found & { ok: false }) | null;
};

export type ItemPage = FormPage<string, ItemLocals>;

/** The page of an item by its key. */
export const itemPath = (kind: Kind, key: string) => KINDS[kind].path(key);

/** @param key as it is typed */
export function newItemPage(deps: Deps, kind: Kind, key: string): ItemPage {
  const { view, fields, order } = KINDS[kind];
  return {
    view,
    path: `/admin/${kind}/new`,
    back: `/admin/${kind}`,
    object: { section: kind, key },
    isNew: true,
    fields,
    order,
    otherwise: 'key',
    besides: { key },
    locals: () => ({ key, uses: [], ...commonLocals(deps) }),
  };
}

/** @throws {PublicError} `notFound` */
export function itemPage(deps: Deps, kind: Kind, key: string): ItemPage {
  const { view, fields, path } = KINDS[kind];
  const { document } = deps.policy.current().policy;
  if (!Object.hasOwn(document[kind], key)) throw notFound();
  return {
    view,
    path: path(key),
    back: path(key),
    object: { section: kind, key },
    isNew: false,
    fields,
    locals: () => ({ key, uses: usesOf(document, kind, key), ...commonLocals(deps) }),
  };
}

function commonLocals({ policy }: Deps): Omit<ItemLocals, 'key' | 'uses'> {
  const { groups } = policy.current().policy.document;
  return { groups, tickChoices, tiers: TIERS, search: null, roles: null, obstacle: null, failed: null };
}

export function usesOf({ apps, partners }: PolicyDocument, kind: Kind, key: string): Use[] {
  const ofApps = kind === 'apps' ? [] : Object.entries(apps).filter(([, app]) => app.groups.includes(key));
  return [
    ...ofApps.map(([app, { name }]): Use => ({ kind: 'app', name, path: appPath(app) })),
    ...partners
      .filter((partner) => partner[kind].includes(key))
      .map(({ id, name }): Use => ({ kind: 'partner', name, path: partnerPath(id) })),
  ];
}

/** The keys of a catalogue, and those that were ticked and are gone from it meanwhile. */
export function tickChoices(
  catalogue: Readonly<Record<string, { name: string }>>,
  ticked: string[],
): { value: string; label: string }[] {
  const gone = ticked.filter((key) => !Object.hasOwn(catalogue, key));
  return [
    ...Object.entries(catalogue).map(([key, { name }]) => ({ value: key, label: `${name} (${key})` })),
    ...gone.map((key) => ({ value: key, label: key })),
  ];
}
