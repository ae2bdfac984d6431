import { line, ticks, type Fields } from '../form/fields.js';

/** A group's settings; its key lasts, since apps and partners refer to it. */
export const GROUP_FIELDS = {
  name: line(['name'], { required: true }),
  id: line(['id'], { required: true }),
} satisfies Fields<string>;

/** An app's settings; its key lasts, since partners refer to it. */
export const APP_FIELDS = {
  name: line(['name'], { required: true }),
  url: line(['url'], { required: true }),
  groups: ticks(['groups']),
  servicePrincipalId: line(['servicePrincipalId']),
  appRoleId: line(['appRoleId']),
} satisfies Fields<string>;

/** A key made of a name: letters and digits, words joined by hyphens, one that is not taken yet. */
export function proposedKey(name: string, taken: Record<string, unknown>): string {
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
  let number = 2;
  while (Object.hasOwn(taken, `${key}-${number}`)) number++;
  return `${key}-${number}`;
}
