import { isDeepStrictEqual } from 'node:util';
import { childPath } from './jsonWalk.js';
import { entriesIn, isRecord, listIn, memberOf } from './rawJson.js';

/** One member of an entry, `invitation.language`; '' for an entry without members. An absent value is undefined. */
export type FieldChange = { field: string; path: string[]; before: unknown; after: unknown };

export type PolicyChange = {
  kind: 'added' | 'removed' | 'changed';
  section: PolicySection;
  /** Id of a partner, key of an app or a group, name of a setting. */
  key: string;
  /** What people call it, if it has a name. */
  name: string | null;
  fields: FieldChange[];
};

/**
 * The differences between two documents as they are written, by the names that people know rather than by position. The
 * documents may be faulty. The cost grows with their size, not with the number of changes: 2,000 partners take a few milliseconds.
 */
export function policyChanges(before: unknown, after: unknown): PolicyChange[] {
  const old = entriesOf(before);
  const fresh = entriesOf(after);
  return [...new Set([...fresh.keys(), ...old.keys()])].flatMap((name) => {
    const change = changeOf(old.get(name), fresh.get(name));
    return change ? [change] : [];
  });
}

function changeOf(before: PolicyEntry | undefined, after: PolicyEntry | undefined): PolicyChange | null {
  const entry = after ?? before;
  if (!entry || isDeepStrictEqual(before?.value, after?.value)) return null;
  const fields = fieldChanges(before?.value, after?.value);
  // The same members in another order.
  if (fields.length === 0) return null;
  const { section, key, value } = entry;
  const kind = before === undefined ? 'added' : after === undefined ? 'removed' : 'changed';
  return { kind, section, key, name: nameOf(value), fields };
}

function nameOf(value: unknown): string | null {
  const { name } = isRecord(value) ? value : {};
  return typeof name === 'string' ? name : null;
}

function fieldChanges(before: unknown, after: unknown): FieldChange[] {
  const old = membersOf(before);
  const fresh = membersOf(after);
  return [...new Set([...fresh.keys(), ...old.keys()])].flatMap((field) => {
    const was = old.get(field);
    const is = fresh.get(field);
    const path = (is ?? was)?.path ?? [];
    return isDeepStrictEqual(was?.value, is?.value)
      ? []
      : [{ field, path, before: was?.value, after: is?.value }];
  });
}

/** The members of an entry; objects in it (`invitation`, `limits`) are flattened. */
function membersOf(
  value: unknown,
  above: string[] = [],
  members = new Map<string, { path: string[]; value: unknown }>(),
): Map<string, { path: string[]; value: unknown }> {
  if (isRecord(value) && Object.keys(value).length > 0) {
    for (const [key, member] of Object.entries(value)) membersOf(member, [...above, key], members);
  } else if (value !== undefined) {
    members.set(
      above.reduce((path, key) => childPath(path, key), ''),
      { path: above, value },
    );
  }
  return members;
}

type PolicySection = 'partners' | 'apps' | 'groups' | 'portal' | 'deny' | 'document';

/** A piece of a policy that people know by name: a partner by its id, an app or a group by its key, a setting. */
export type PolicyEntry = {
  section: PolicySection;
  key: string;
  value: unknown;
  /** Its place in the document. */
  path: (string | number)[];
};

const RECORDS = ['groups', 'apps', 'portal', 'deny'] as const;

/** The pieces of a document as it is written, faulty or not, by `section/key`: positions in the list of partners do not count. */
export function entriesOf(document: unknown): Map<string, PolicyEntry> {
  const entries = new Map<string, PolicyEntry>();
  const add = (section: PolicySection, key: string, value: unknown, path: PolicyEntry['path']) => {
    let name = `${section}/${key}`;
    // Two partners with one id are a fault; show both.
    for (let count = 2; entries.has(name); count++) name = `${section}/${key}#${count}`;
    entries.set(name, { section, key, value, path });
  };
  for (const section of RECORDS) {
    for (const [key, value] of entriesIn(document, section)) add(section, key, value, [section, key]);
  }
  listIn(document, 'partners').forEach((partner, index) => {
    const id = memberOf(partner, 'id');
    add('partners', typeof id === 'string' ? id : `[${index}]`, partner, ['partners', index]);
  });
  for (const [key, value] of entriesIn({ document }, 'document')) {
    if (key !== 'partners' && !RECORDS.some((section) => section === key)) add('document', key, value, [key]);
  }
  return entries;
}
