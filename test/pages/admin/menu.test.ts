import { aPartner, aPolicy } from '../../support/aPolicy.js';
import { textOf } from '../../support/page.js';
import { startPortal, type TestPortal } from '../../support/portal.js';
import { STAFF } from '../../support/staff.js';
import type { Visitor } from '../../support/visitor.js';

const policy = aPolicy({
  partners: [
    aPartner({ approval: 'manual' }),
    aPartner({ id: 'litware', domains: ['litware.com'], approval: 'manual', approvers: [STAFF.lia] }),
  ],
});
let portal: TestPortal;

beforeAll(async () => {
  portal = await startPortal({ policy, worker: false });
  await portal.visitor().apply({ email: 'ana@fabrikam.com' });
  await portal.visitor().apply({ email: 'dee@litware.com' });
});
afterAll(() => portal.close());

/** The menu of a page as it always stands open, and its links: their words, and what they say of where one is. */
async function menuOf(person: Visitor, path: string) {
  const { text } = await person.get(path);
  const rail = /<nav class="menu rail"[\s\S]*?<\/nav>/.exec(text)?.[0] ?? '';
  const folded = textOf(/<summary>([\s\S]*?)<\/summary>/.exec(text)?.[0] ?? '');
  const links = [...rail.matchAll(/<a href="([^"]*)"(?: aria-current="(\w+)")?>([\s\S]*?)<\/a>/g)].map(
    ([, href, current, words = '']) => ({ href, current, words: textOf(words) }),
  );
  return { rail: textOf(rail), folded, links };
}

test('the menu has what a person may open, in sections, and how many requests wait for them', async () => {
  const { rail } = await menuOf(await portal.staff('ada'), '/admin');
  expect(rail).toBe(
    'Work Overview Requests 2 2 waiting Invite many Runs Set up Partners Apps Groups Policy Site Watch Licences Audit trail Health',
  );
  expect((await menuOf(await portal.staff('lia'), '/admin/requests')).rail).toBe(
    'Work Overview Requests 1 1 waiting',
  );
});

test.each([
  ['/admin', 'Overview', '/admin', 'page'],
  ['/admin/groups', 'Groups', '/admin/groups', 'page'],
  ['/admin/partners/fabrikam', 'Partners', '/admin/partners', 'true'],
  ['/admin/policy/versions', 'Policy', '/admin/policy', 'true'],
])(
  'on %s the button of the folded menu names %s, and one link is marked',
  async (path, name, href, current) => {
    const { folded, links } = await menuOf(await portal.staff('ada'), path);
    expect(folded).toBe(`Menu: ${name}`);
    expect(links.filter((link) => link.current !== undefined)).toMatchObject([{ href, current }]);
  },
);

test('a page that is refused has the menu too', async () => {
  const { rail, folded } = await menuOf(await portal.staff('arne'), '/admin/policy');
  expect(rail).toMatch(/^Work Overview Requests/);
  expect(folded).toBe('Menu');
});
