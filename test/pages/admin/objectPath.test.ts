import { appPath, groupPath, parseFormPath, partnerPath } from '../../../src/pages/admin/objectPath.js';

test.each(['fabrikam', 'new', 'rules', 'a b', 'å/ß', '%', '__proto__'])(
  'the key %j is read from its path',
  (key) => {
    const none = { page: null, button: null };
    expect(parseFormPath(partnerPath(key))).toEqual({ section: 'partners', key, ...none });
    expect(parseFormPath(appPath(key))).toEqual({ section: 'apps', key, ...none });
    expect(parseFormPath(`${groupPath(key)}/remove`)).toEqual({
      section: 'groups',
      key,
      page: null,
      button: 'remove',
    });
  },
);

test.each([
  ['/admin/settings', 'settings', null],
  ['/admin/partners/new', 'partners', 'new'],
  ['/admin/partners/rules', 'partners', 'rules'],
  ['/admin/groups/new', 'groups', 'new'],
])('%s is a page beside the objects', (path, section, page) => {
  expect(parseFormPath(path)).toMatchObject({ section, page });
});

test.each([
  '/admin/partners',
  '/admin/partners/',
  '/admin/settings/x',
  '/admin/partners/a/b',
  '/admin/partners/%ff',
  '/admin/partners/%zz',
  '/admin/policy/save',
  '/admin/partners/a?b',
])('%s is none of a form', (path) => {
  expect(parseFormPath(path)).toBeNull();
});
