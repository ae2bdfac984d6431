import { textOf } from '../../support/page.js';
import { startPortal, type TestPortal } from '../../support/portal.js';
import type { Visitor } from '../../support/visitor.js';

const PAGE = '/admin/doctor';
const HTMX = { 'HX-Request': 'true' };

let portal: TestPortal;
let aud: Visitor;

beforeAll(async () => {
  portal = await startPortal({ worker: false });
  aud = await portal.staff('aud');
});
afterAll(() => portal.close());
beforeEach(async () => {
  await fetch(`${portal.tenant.peopleUrl}/control/reset`, { method: 'POST' });
});

const examinations = async () => (await portal.tenant.graphCalls('GET', /\/organization$/)).length;

test('in a portal that nobody has examined yet the shell is there at once, and asks for the findings', async () => {
  const shell = await aud.get(PAGE);
  expect(shell.status).toBe(200);
  expect(shell.text).toContain('hx-get="/admin/doctor/findings" hx-trigger="load"');
  expect(await examinations()).toBe(0);

  const findings = await aud.get(`${PAGE}/findings`, HTMX);
  expect(findings.status).toBe(200);
  expect(findings.text).not.toContain('<html');
  expect(textOf(findings.text)).toContain('Groups');
  expect(await examinations()).toBe(1);
});

test('findings are kept for a minute, and are checked again on demand', async () => {
  await portal.deps.doctor.examine();
  const page = await aud.get(PAGE);
  expect(page.text).not.toContain('hx-trigger="load"');
  expect(textOf(page.text)).toContain('checked at');
  await aud.get(`${PAGE}/findings`, HTMX);
  expect(await examinations()).toBe(1);

  await portal.tenant.settings({ permissions: ['Policy.Read.All'], allowInvitesFrom: 'none' });
  const again = await aud.post(PAGE, {}, { from: PAGE });
  expect(again.status).toBe(303);
  expect(again.headers.location).toBe(PAGE);
  const worse = textOf((await aud.get(PAGE)).text);
  expect(worse).toContain('User.Invite.All is missing');
  expect(worse).toContain("The tenant doesn't let anyone invite guests (allowInvitesFrom is none).");
});

test('what must be fixed comes first, each finding with what to do', async () => {
  await portal.tenant.settings({ permissions: [] });
  await aud.post(PAGE, {}, { from: PAGE });
  const { text } = await aud.get(`${PAGE}/findings`, HTMX);
  const levels = [...text.matchAll(/id="doctor-(\w+)"/g)].map(([, level]) => level);
  expect(levels).toEqual(['bad', 'warning', 'unknown', 'good'].filter((level) => levels.includes(level)));
  expect(levels[0]).toBe('bad');
  expect(textOf(text)).toContain(
    'Add the Microsoft Graph application permission User.Read.All to the app registration and give admin consent.',
  );
});

test('the title counts what was found, and comes with the findings', async () => {
  await aud.post(PAGE, {}, { from: PAGE });
  const { findings } = portal.deps.doctor.latest() ?? { findings: [] };
  const count = (level: string) => findings.filter((finding) => finding.level === level).length;
  const { text } = await aud.get(PAGE);
  const title = textOf(/<h1>[\s\S]*?<\/h1>/.exec(text)?.[0] ?? '');
  expect(text.match(/<h1/g)).toHaveLength(1);
  expect(title).toBe(`${count('bad')} problems and ${count('warning')} warnings`);
  expect(textOf(/<summary><h2[\s\S]*?<\/summary>/.exec(text)?.[0] ?? '')).toBe(
    `${count('good')} checks passed`,
  );

  const part = await aud.get(`${PAGE}/findings`, HTMX);
  expect(part.text).toMatch(/<div id="health" hx-swap-oob="innerHTML">\s*<h1>/);
});

test('without a script, the button is enough', async () => {
  const fetched = await aud.get(`${PAGE}/findings`);
  expect([fetched.status, fetched.headers.location]).toEqual([303, PAGE]);
  expect(textOf((await aud.get(PAGE)).text)).toContain('checks passed');
});

test('the page speaks the language of whoever reads it', async () => {
  const { text } = await aud.get(`${PAGE}/findings`, { ...HTMX, 'Accept-Language': 'sv' });
  expect(textOf(text)).toContain('kontroller i ordning');
});

test.each([
  ['ada', 200],
  ['aud', 200],
  ['arne', 403],
  ['nils', 403],
] as const)('%s gets %d', async (name, status) => {
  const person = await portal.staff(name);
  expect((await person.get(PAGE)).status).toBe(status);
  expect((await person.get(`${PAGE}/findings`, HTMX)).status).toBe(status);
  // The token of any page that they may see would do: it is the right that is missing.
  if (status === 403) expect((await person.postRaw(PAGE, {})).status).toBe(403);
});

test('whoever is not signed in is sent to do so', async () => {
  const answer = await portal.visitor().get(PAGE);
  expect([answer.status, answer.headers.location]).toEqual([303, '/sign-in?returnTo=%2Fadmin%2Fdoctor']);
});
