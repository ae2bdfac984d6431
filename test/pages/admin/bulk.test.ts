import { aPartner, aPolicy, UNPACED } from '../../support/aPolicy.js';
import { previewOf, rowsOf, runThrough, untilRun } from '../../support/aRun.js';
import { startPortal, type TestPortal } from '../../support/portal.js';
import type { Visitor } from '../../support/visitor.js';

// The pages of files of invitations: who may do what, what a file is told, and what stays text.

let portal: TestPortal;
let ada: Visitor;
let auditor: Visitor;

beforeAll(async () => {
  portal = await startPortal({
    policy: aPolicy({ partners: [aPartner({ limits: UNPACED })] }),
    limits: { bulk: { width: 8, perMinute: 100_000, mailsPerMinute: 100_000 } },
  });
  [ada, auditor] = await Promise.all([portal.staff('ada'), portal.staff('aud')]);
});
afterAll(() => portal.close());

const FIELDS = { grants: 'policy', partner: '', mail: 'yes', message: '', rows: '' };
const csv = (text: string, name = 'people.csv') => ({ name, bytes: Buffer.from(text) });
const runIn = (location: string | undefined) => location?.split('/').at(-1) ?? '';

test('a file is previewed, started by a button, and followed on its page', async () => {
  const answer = await ada.upload(
    '/admin/bulk',
    FIELDS,
    csv('\ufeffEmail;Colour\r\na1@fabrikam.com;red\r\na2@gmail.com;\r\n'),
  );
  expect(answer.status).toBe(303);
  const path = answer.headers.location ?? '';
  const preview = await ada.get(path);
  expect(preview.text).toContain('1 person will be invited');
  expect(preview.text).toContain('Colour');
  expect(preview.text).toContain('Personal email provider');
  expect((await ada.post(`${path}/start`, {}, { from: path })).headers.location).toBe(path);
  await untilRun(portal, runIn(path), 'done');
  const done = await ada.get(path);
  expect(done.text).toContain('The run has started.');
  expect(done.text).toContain('1 of 1 rows');
  expect((await ada.get('/admin/runs')).text).toContain('people.csv');
  const started = await ada.get('/admin/audit');
  expect(started.text).toContain('Started a run of invitations');
});

test('rows may be pasted, also as a mail program lists people', async () => {
  const rows = 'Ana Lind <b1@fabrikam.com>; "Ek, Cy" <b2@fabrikam.com>\nb3@fabrikam.com';
  const { headers } = await ada.upload('/admin/bulk', { ...FIELDS, rows }, null);
  const lines = await rowsOf(portal, runIn(headers.location));
  expect(lines.map(({ typed }) => [typed.email, typed.firstName, typed.lastName])).toEqual([
    ['b1@fabrikam.com', 'Ana', 'Lind'],
    ['b2@fabrikam.com', 'Cy', 'Ek'],
    ['b3@fabrikam.com', '', ''],
  ]);
});

test.each([
  ['nothing at all', null, 'Choose a file, or paste rows'],
  ['a workbook', Buffer.from('PK\x03\x04xl', 'latin1'), 'Save it as “CSV UTF-8”'],
  [
    'Windows-1252',
    Buffer.concat([Buffer.from('Email,FirstName\na@fabrikam.com,Ren'), Buffer.from([0xe9])]),
    'Line 2, character 19:',
  ],
  ['UTF-16', Buffer.from('\ufeffEmail\n', 'utf16le'), 'The file is UTF-16'],
  ['no heading', Buffer.from('a;b\n1;2'), 'doesn&#39;t have the headings'],
  ['a column twice', Buffer.from('Email,Email\na@fabrikam.com,'), 'Line 1, column 2:'],
  ['2,001 rows', Buffer.from(`Email\n${'a@fabrikam.com\n'.repeat(2_001)}`), 'more than 2,000 rows'],
])('%s: 422 that says what and where, and nothing is kept', async (_, bytes, words) => {
  const before = (await ada.get('/admin/runs')).text.match(/\/admin\/runs\/[0-9a-f-]{36}/g)?.length;
  const answer = await ada.upload(
    '/admin/bulk',
    { ...FIELDS, message: 'Hello' },
    bytes && { name: 'x.csv', bytes },
  );
  expect(answer.status).toBe(422);
  expect(answer.text).toContain(words);
  // What was typed is still there.
  expect(answer.text).toContain('Hello');
  expect((await ada.get('/admin/runs')).text.match(/\/admin\/runs\/[0-9a-f-]{36}/g)?.length).toBe(before);
});

test('an auditor reads, and starts nothing', async () => {
  const id = await previewOf(portal, 'Email\nc1@fabrikam.com');
  const page = await auditor.get(`/admin/runs/${id}`);
  expect(page.status).toBe(200);
  expect(page.text).not.toContain('/start"');
  expect((await auditor.get('/admin/bulk')).text).not.toContain('type="file"');
  expect((await auditor.post(`/admin/runs/${id}/start`, {}, { from: '/admin/requests' })).status).toBe(403);
  expect((await auditor.upload('/admin/requests', FIELDS, null)).status).toBe(415);
  expect((await (await portal.staff('lia')).get(`/admin/runs/${id}`)).status).toBe(403);
});

test('a form with a file needs its token, and strangers cannot send one', async () => {
  const forged = await ada.upload('/admin/bulk', { ...FIELDS, _csrf: 'x' }, csv('Email\nd@fabrikam.com'));
  expect(forged.status).toBe(403);
  const stranger = await portal.visitor().upload('/admin/bulk', FIELDS, csv('Email\nd@fabrikam.com'));
  expect(stranger.status).toBe(415);
});

test('a form that is cut off in the middle of its file is malformed, and nothing breaks', async () => {
  const body = '--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nEmail\nana@fab';
  expect((await ada.send('/admin/bulk', 'multipart/form-data; boundary=x', body)).status).toBe(400);
  expect((await ada.get('/admin/bulk')).status).toBe(200);
});

test('formulas stay text in every export', async () => {
  const id = await previewOf(
    portal,
    'Email,FirstName,Groups\n=cmd@x,"=HYPERLINK(""https://evil.example"")",@sum\ne1@fabrikam.com,-1+1,',
  );
  for (const file of ['rows.csv', 'faulty.csv']) {
    const { text } = await auditor.get(`/admin/runs/${id}/${file}`);
    expect(text).toContain("'=cmd@x");
    expect(text).not.toMatch(/(^|[,\n"])[=@-]/m);
  }
});

test('a preview shows names, choices of a row, and how many get no email; the results have the id of each guest', async () => {
  const id = await previewOf(
    portal,
    'Email,DisplayName,Language,SendEmail,InviteReplyURL\n' +
      'i1@fabrikam.com,"Ek, Cy",sv,FALSE,https://crm.contoso.com/start\ni2@fabrikam.com,Bo Berg,,,\n',
  );
  const { text } = await ada.get(`/admin/runs/${id}`);
  expect(text).toContain('Cy Ek · sv · No email · Leads to https://crm.contoso.com/start');
  expect(text).toContain('1 person gets none');
  await runThrough(portal, id);
  const rows = (await ada.get(`/admin/runs/${id}/rows.csv`)).text;
  for (const email of ['i1@fabrikam.com', 'i2@fabrikam.com']) {
    const guest = await portal.tenant.guest(email);
    expect(rows).toContain(`${guest?.id}`);
  }
});

test.each([
  [
    'a link in the sentence',
    { message: 'See https://evil.example' },
    'Email\nj@fabrikam.com',
    'link to another site',
  ],
  ['a file and pasted rows', { rows: 'k@fabrikam.com' }, 'Email\nj@fabrikam.com', 'not both'],
  ['an empty file', {}, '', 'The file is empty.'],
  ['a file that is too large', {}, 'a'.repeat(12_500_000), 'larger than 10 MB'],
])('%s is said on the form', async (_what, fields, text, words) => {
  const answer = await ada.upload('/admin/bulk', { ...FIELDS, ...fields }, csv(text));
  expect(answer.status).toBe(422);
  expect(answer.text).toContain(words);
});

test('a preview that has changed names the lines', async () => {
  const id = await previewOf(portal, 'Email\nl1@fabrikam.com\nl2@fabrikam.com');
  await portal.deps.store.db
    .updateTable('run_row')
    .set({ verdict: JSON.stringify({ partner: 'another' }) })
    .where('run_id', '=', id)
    .where('address', '=', 'l2@fabrikam.com')
    .execute();
  const path = `/admin/runs/${id}`;
  await ada.post(`${path}/start`, {}, { from: path });
  const { text } = await ada.get(path);
  expect(text).toContain('One row has changed since the preview.');
  expect(text).toContain('Line 3');
});

test('refused rows can be mended and sent again', async () => {
  const id = await previewOf(
    portal,
    'Email,FirstName,Groups\nf1@fabrikam.com,Fay,nothing\nf2@fabrikam.com,Flo,',
  );
  const { text } = await ada.get(`/admin/runs/${id}/faulty.csv`);
  expect(text).toContain('There is no group “nothing”.');
  const again = await previewOf(portal, text.replace('nothing', ''));
  expect(
    (await rowsOf(portal, again)).map(({ address, outcome, typed }) => [address, outcome, typed.firstName]),
  ).toEqual([['f1@fabrikam.com', 'invite', 'Fay']]);
});

test.each(['2015', 'today'])('the template of %s is read, and its example is left out', async (dialect) => {
  const { text, status } = await auditor.get(`/admin/bulk/${dialect}.csv`);
  expect(status).toBe(200);
  const id = await previewOf(portal, `${text}${dialect}@fabrikam.com${','.repeat(8)}\r\n`);
  expect((await rowsOf(portal, id)).map(({ address }) => address)).toEqual([`${dialect}@fabrikam.com`]);
  expect((await ada.get(`/admin/runs/${id}`)).text).toContain('is the example from the template');
});

test('undo asks first, with the numbers', async () => {
  const id = await previewOf(portal, 'Email\ng1@fabrikam.com\ng2@fabrikam.com');
  await runThrough(portal, id);
  const path = `/admin/runs/${id}`;
  const asked = await ada.get(`${path}/undo`);
  expect(asked.text).toContain('4 groups and apps that the run gave will be taken back.');
  await ada.post(`${path}/undo`, {}, { from: `${path}/undo` });
  await untilRun(portal, id, 'undone');
  expect((await ada.get(path)).text).toContain('Taken back: ');
  expect((await ada.get(`${path}/undo`)).status).toBe(303);
});

test('what cannot be done any more is not done, and the page of the run says so', async () => {
  const id = await previewOf(portal, 'Email\nh1@fabrikam.com');
  const path = `/admin/runs/${id}`;
  const { status, headers } = await ada.post(`${path}/pause`, {}, { from: path });
  expect([status, headers.location]).toEqual([303, path]);
  const { text } = await ada.get(path);
  expect(text).toContain('The run has moved on');
  expect(text).toContain('/start"');
  expect((await ada.get('/admin/runs/nothing')).status).toBe(404);
});

test('a preview says that sentences of the file are left out where Microsoft mails', async () => {
  const text = 'Email,CustomizedMessageBody\nc1@fabrikam.com,See you on Monday\n';
  const previewIn = async (where: TestPortal) => {
    const admin = await where.staff('ada');
    const { headers } = await admin.upload('/admin/bulk', FIELDS, csv(text));
    return (await admin.get(String(headers.location))).text;
  };
  const withoutMailer = await startPortal({ smtp: false, worker: false });
  try {
    expect(await previewIn(withoutMailer)).toContain('Sentences of your own are left out');
  } finally {
    await withoutMailer.close();
  }
  expect(await previewIn(portal)).not.toContain('Sentences of your own are left out');
});
