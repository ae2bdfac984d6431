/** Pages that stand beside those of single objects. */
const TAKEN = new Set(['new', 'rules']);

/**
 * Where the form of a partner, an app or a group is. A key that is also the name of another page has its first letter encoded:
 * browsers leave that alone, and the router takes it for a key.
 *
 * @param list such as `/admin/partners`
 */
export function objectPath(list: string, key: string): string {
  const encoded = encodeURIComponent(key);
  return `${list}/${TAKEN.has(key) ? `%${key.charCodeAt(0).toString(16)}${key.slice(1)}` : encoded}`;
}

export const partnerPath = (id: string) => objectPath('/admin/partners', id);
export const appPath = (key: string) => objectPath('/admin/apps', key);
export const groupPath = (key: string) => objectPath('/admin/groups', key);
