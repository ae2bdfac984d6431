import { entriesIn, listIn, memberOf } from './rawJson.js';

export type PolicySection = 'partners' | 'apps' | 'groups' | 'portal' | 'deny' | 'document';

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
