/** Pages that stand beside those of single objects. */
const PAGES = ['new', 'rules'];

/**
 * Where the form of a partner, an app or a group is. A key that is also the name of another page has its first letter encoded:
 * browsers leave that alone, and the router takes it for a key.
 *
 * @param list such as `/admin/partners`
 */
function objectPath(list: string, key: string): string {
  const encoded = encodeURIComponent(key);
  return `${list}/${PAGES.includes(key) ? `%${key.charCodeAt(0).toString(16)}${key.slice(1)}` : encoded}`;
}

export const partnerPath = (id: string) => objectPath('/admin/partners', id);
export const appPath = (key: string) => objectPath('/admin/apps', key);
export const groupPath = (key: string) => objectPath('/admin/groups', key);

/** The parts of a form's path: a page beside the objects or the key of an object, and the button of a form, if it is one. */
export type FormAddress = {
  section: 'settings' | 'partners' | 'apps' | 'groups';
  page: string | null;
  key: string;
  button: string | null;
};

const FORM_PATH =
  /^\/admin\/(?:settings|(?<list>partners|apps|groups)\/(?<name>[^/?]+)(?:\/(?<button>enable|disable|remove))?)$/;

/** Takes the path of a form, or of one of its buttons, apart; null for any other path. */
export function parseFormPath(path: string): FormAddress | null {
  const { groups } = FORM_PATH.exec(path) ?? {};
  if (!groups) return null;
  const { list, name = '', button = null } = groups;
  const section = (list ?? 'settings') as FormAddress['section'];
  try {
    return {
      section,
      page: PAGES.find((page) => page === name) ?? null,
      key: decodeURIComponent(name),
      button,
    };
  } catch {
    return null;
  }
}
