import { randomUUID } from 'node:crypto';
import { exportList } from '../../../../src/requests/list/list.js';
import type { NewRequest } from '../../../../src/store/schema.js';
import { aPartner, aPolicy } from '../../../support/aPolicy.js';
import { aRequest } from '../../../support/aRequest.js';
import { insertManyRequests } from '../../../support/manyRequests.js';
import { textOf } from '../../../support/page.js';
import { startPortal, type TestPortal } from '../../../support/portal.js';
import { accessFor } from '../../../support/reviewers.js';
import { STAFF } from '../../../support/staff.js';
import type { Visitor } from '../../../support/visitor.js';

const LIST = '/admin/requests';
const policy = aPolicy({
  partners: [
    aPartner(),
    aPartner({ id: 'litware', name: 'Litware', domains: ['litware.se'], approvers: [STAFF.lia] }),
  ],
});

let portal: TestPortal;
let ada: Visitor;
let lia: Visitor;
let aud: Visitor;

beforeAll(async () => {
  portal = await startPortal({ policy, worker: false });
  ada = await portal.staff('ada');
  lia = await portal.staff('lia');
  aud = await portal.staff('aud');
});
afterAll(() => portal.close());
beforeEach(() => portal.deps.store.db.deleteFrom('request').execute());

async function insert(...all: Partial<NewRequest>[]) {
  const rows = all.map((one, index) =>
    aRequest({ address: `p${index}@fabrikam.com`, state: 'pending', due_at: null, ...one }),
  );
  await portal.deps.store.db.insertInto('request').values(rows).execute();
  return rows;
}

async function page(visitor: Visitor, path = LIST): Promise<string> {
  const { status, text } = await visitor.get(path);
  expect(status).toBe(200);
  return text;
}

const addressesIn = (html: string) =>
  [...html.matchAll(/<span class="address">([^<]*)<\/span>/g)].map(([, address]) => address);
const linkIn = (html: string, id: string) =>
  new RegExp(`<a id="${id}"[^>]* href="([^"]*)"`).exec(html)?.[1]?.replaceAll('&amp;', '&');

const tabsIn = (html: string) => {
  const nav = /<nav class="state-tabs"[\s\S]*?<\/nav>/.exec(html)?.[0] ?? '';
  return [...nav.matchAll(/<a [\s\S]*?<\/a>/g)].map(([tab]) => textOf(tab));
};

test('the list shows who asked, for whom, where it stands and why', async () => {
  const [first] = await insert(
    { first_name: 'Ana', last_name: 'Lind' },
    {
      address: 'bo@litware.se',
      partner: 'litware',
      state: 'failed',
      problem: JSON.stringify({ code: 'permissionMissing' }),
    },
  );
  const html = await page(ada);
  expect(addressesIn(html)).toHaveLength(2);
  expect(html).toContain(`href="/admin/requests/${first?.id}"`);
  const text = textOf(html);
  for (const part of ['Ana Lind', 'Awaiting approval', 'Litware', 'Failed']) {
    expect(text).toContain(part);
  }
  // The name of what is wrong; what to do about it stands on the request.
  expect(text).toContain('Failed A permission is missing');
  expect(text).not.toContain('Grant it to the app registration');
  const came = /<time datetime="([^"]+)" title="([^"]+)" data-relative>([^<]+)</.exec(html);
  expect(came?.slice(2)).toEqual([expect.stringMatching(/ UTC$/), '1 minute ago']);
});

test('search and filters of the form narrow it, and stay in the form', async () => {
  await insert(
    { address: 'ana@fabrikam.com', state: 'held' },
    { address: 'ana@litware.se', partner: 'litware', state: 'held' },
    { address: 'bo@litware.se', partner: 'litware', state: 'held', first_name: 'Bo', last_name: 'Ek' },
    { address: 'ana.b@litware.se', partner: 'litware', state: 'pending' },
    {
      address: 'ana.c@litware.se',
      partner: 'litware',
      state: 'held',
      created_at: new Date(Date.UTC(2026, 0, 31, 23, 59, 59)),
    },
  );
  const day = new Date().toISOString().slice(0, 10);
  const html = await page(
    ada,
    `${LIST}?search=ANA&partner=litware&state=held&state=failed&from=2026-02-01&to=${day}`,
  );
  expect(addressesIn(html)).toEqual(['ana@litware.se']);
  expect(html).toMatch(/id="search"[^>]* value="ANA"/);
  expect(html).toContain('<option value="litware" selected>');
  expect(html).toMatch(/name="state" value="held" checked/);
  expect(html).not.toMatch(/name="state" value="pending" checked/);
  expect(addressesIn(await page(ada, `${LIST}?from=2026-01-31&to=2026-01-31`))).toEqual(['ana.c@litware.se']);
});

test('tabs lead to the requests of a kind, and count what is open', async () => {
  await insert(
    { state: 'pending' },
    { state: 'pending', partner: 'litware' },
    { state: 'held' },
    { state: 'failed' },
    { state: 'unproven' },
    { state: 'queued' },
    { state: 'provisioned' },
    { state: 'denied' },
    { state: 'lapsed' },
    { state: 'revoked' },
  );
  const html = await page(ada, `${LIST}?partner=fabrikam`);
  // They count what the person sees, whatever the filter.
  expect(tabsIn(html)).toEqual([
    'Awaiting approval 2',
    'Delayed 2',
    'Under way 2',
    'Done',
    'Refused or expired',
    'All',
  ]);
  expect(html).toMatch(/<a href="\/admin\/requests\?partner=fabrikam" aria-current="page">All/);
  const links = [...html.matchAll(/<a href="([^"]+)"[^>]*>(?:Awaiting|Delayed|Under way|Done|Refused)/g)];
  const shown = await Promise.all(
    links.map(async ([, href = '']) => addressesIn(await page(ada, href.replaceAll('&amp;', '&'))).length),
  );
  expect(shown).toEqual([1, 2, 2, 2, 2]);
  expect(links[0]?.[1]).toContain('sort=oldest');
});

test('what narrows the list is named, each with a link that takes it away', async () => {
  await insert({});
  const html = await page(
    ada,
    `${LIST}?search=p&partner=fabrikam&from=2026-01-01&state=pending&state=denied`,
  );
  const chips = [...html.matchAll(/<a class="chip" href="([^"]+)">([\s\S]*?)<\/a>/g)];
  expect(chips.map(([, href = '', text = '']) => [textOf(text), href.replaceAll('&amp;', '&')])).toEqual([
    ['Remove the filter Search: p ×', `${LIST}?partner=fabrikam&from=2026-01-01&state=pending&state=denied`],
    ['Remove the filter Partner: Fabrikam ×', `${LIST}?search=p&from=2026-01-01&state=pending&state=denied`],
    ['Remove the filter From: 2026-01-01 ×', `${LIST}?search=p&partner=fabrikam&state=pending&state=denied`],
    [
      'Remove the filter State: Awaiting approval ×',
      `${LIST}?search=p&partner=fabrikam&from=2026-01-01&state=denied`,
    ],
    ['Remove the filter State: Denied ×', `${LIST}?search=p&partner=fabrikam&from=2026-01-01&state=pending`],
  ]);
  expect(await page(ada, `${LIST}?state=pending`)).not.toContain('class="chip"');
});

test.each([
  ['lia', `${LIST}?state=pending&sort=oldest`],
  ['arne', `${LIST}?state=pending&sort=oldest`],
  ['ada', undefined],
  ['aud', undefined],
] as const)('%s, at the door, is led to %s', async (name, work) => {
  const answer = await (await portal.staff(name)).get('/admin');
  expect([answer.status, answer.headers.location]).toEqual([work ? 303 : 200, work]);
});

test('those who only decide still find the overview', async () => {
  const html = await page(lia);
  expect(html).toContain('<a href="/admin/overview">');
  expect(textOf(await page(lia, '/admin/overview'))).toContain('Overview');
});

test('what nothing matches is said, with a way out', async () => {
  expect(textOf(await page(ada))).toContain('There are no requests yet.');
  await insert({});
  const html = await page(ada, `${LIST}?search=zzz`);
  expect(textOf(html)).toContain('No requests match.');
  expect(html).toContain('<a href="/admin/requests">Clear all filters</a>');
});

test.each(['', '.csv'])('a period that ends before it begins is refused by the list%s', async (suffix) => {
  await insert({});
  const answer = await ada.get(`${LIST}${suffix}?from=2026-05-02&to=2026-05-01`);
  expect(answer.status).toBe(422);
  if (suffix !== '') return;
  const text = textOf(answer.text);
  expect(text).toContain('The period starts on 2026-05-02 and ends before that, on 2026-05-01.');
  expect(text).not.toContain('No requests match');
  expect(answer.text).toMatch(/id="from"[^>]* value="2026-05-02"/);
});

test('column headers sort, say so, and keep the filter', async () => {
  await insert({ address: 'b@fabrikam.com' }, { address: 'a@fabrikam.com' }, { address: 'c@fabrikam.com' });
  const html = await page(ada, `${LIST}?state=pending`);
  expect(html).toMatch(/<th scope="col" aria-sort="descending">\s*<a id="sort-received"/);
  const address = linkIn(html, 'sort-person') ?? '';
  expect(address).toBe(`${LIST}?sort=address&state=pending`);
  const sorted = await page(ada, address);
  expect(addressesIn(sorted)).toEqual(['a@fabrikam.com', 'b@fabrikam.com', 'c@fabrikam.com']);
  expect(sorted).toMatch(/<th scope="col" aria-sort="ascending">\s*<a id="sort-person"/);
  expect(sorted.match(/aria-sort/g)).toHaveLength(1);
});

test('pages lead on and back, and the filter goes with them', async () => {
  await insert(
    ...Array.from({ length: 120 }, (_, index) => ({
      address: `n${String(index).padStart(3, '0')}@fabrikam.com`,
      state: index % 10 === 0 ? ('held' as const) : ('pending' as const),
    })),
  );
  const seen: (string | undefined)[] = [];
  let path: string | undefined = `${LIST}?state=pending&sort=address`;
  let html = '';
  let pages = 0;
  while (path) {
    html = await page(ada, path);
    seen.push(...addressesIn(html));
    path = linkIn(html, 'page-next');
    pages++;
  }
  expect(pages).toBe(5);
  expect(seen).toEqual([...new Set(seen)].sort());
  expect(seen).toHaveLength(108);
  const back = await page(ada, linkIn(html, 'page-previous'));
  expect(addressesIn(back)).toEqual(seen.slice(75, 100));
  const first = linkIn(await page(ada, linkIn(back, 'page-previous')), 'page-first') ?? '';
  expect(linkIn(await page(ada, first), 'page-previous')).toBeUndefined();
});

const position = (...keys: unknown[]) => Buffer.from(JSON.stringify(keys)).toString('base64url');
const ID = randomUUID();

test.each([
  ['a cursor that is none', 'cursor=abc'],
  ['an empty cursor', 'cursor='],
  ['a cursor of another sort', `cursor=${position('address', 'after', ID, ['a'])}`],
  ['a cursor with a wrong key', `cursor=${position('newest', 'after', ID, ['a'])}`],
  ['a cursor with no place in time', `cursor=${position('newest', 'after', ID, [1e300])}`],
  ['a cursor with half a key', `sort=partner&cursor=${position('partner', 'after', ID, ['a'])}`],
  ['a cursor with NUL', `sort=address&cursor=${position('address', 'after', ID, ['\0'])}`],
  ['a cursor with no id', `cursor=${position('newest', 'after', "' or 1=1", [1])}`],
  ['a cursor that leads nowhere', `cursor=${position('newest', 'sideways', ID, [1])}`],
  ['a state that does not exist', 'state=approved'],
  ['a sort that does not exist', 'sort=id'],
  ['no date', 'from=yesterday'],
  ['a day that does not exist', 'to=2026-02-30'],
  ['a year that no calendar has', 'from=0000-01-01'],
  ['a field twice', 'search=a&search=b'],
  ['a cursor twice', 'cursor=a&cursor=b'],
  ['NUL in the search', 'search=%00'],
  ['a search that never ends', `search=${'a'.repeat(321)}`],
])('%s is refused', async (_, query) => {
  for (const path of [LIST, `${LIST}.csv`]) {
    const answer = await ada.get(`${path}?${query}`);
    expect([path, answer.status]).toEqual([path, 400]);
  }
});

test('a cursor far away shows an end of the list, and what is unknown is left aside', async () => {
  await insert({});
  const far = `${LIST}?x=1&cursor=${position('newest', 'after', ID, [0])}`;
  expect(addressesIn(await page(ada, far))).toEqual([]);
  const near = `${LIST}?cursor=${position('newest', 'after', ID, [Number.MAX_SAFE_INTEGER])}`;
  expect(addressesIn(await page(ada, near))).toEqual(['p0@fabrikam.com']);
});

test('what can be decided can be chosen, with the version that was seen, by those who decide', async () => {
  const [pending, denied] = await insert({ version: 3 }, { state: 'denied' });
  const html = await page(ada);
  expect(html).toMatch(/<form class="selection" id="decide" method="get" action="\/admin\/requests\/decide"/);
  expect(html).toContain(`name="request" value="${pending?.id}:3"`);
  expect(html).not.toContain(`value="${denied?.id}:`);
  for (const action of ['approve', 'deny', 'retry', 'hold']) {
    expect(html).toContain(`name="action" value="${action}"`);
  }
  const read = await page(aud);
  expect(addressesIn(read)).toHaveLength(2);
  expect(read).not.toMatch(/name="(request|action)"/);
});

test('where nothing can be decided nothing can be chosen', async () => {
  await insert({ state: 'provisioned' });
  expect(await page(ada)).not.toMatch(/name="request"|data-select-all/);
});

test('the first button of what decides sends nothing, so that Enter decides nothing', async () => {
  await insert({});
  const form = /<form class="selection"[\s\S]*?<\/form>/.exec(await page(ada))?.[0] ?? '';
  const buttons = [...form.matchAll(/<button[^>]*>/g)].map(([button]) => button);
  expect(buttons.map((button) => button.includes('formmethod="dialog"'))).toEqual([
    true,
    false,
    false,
    false,
    false,
  ]);
});

describe('an approver of one partner', () => {
  beforeEach(async () => {
    await insert(
      ...Array.from({ length: 60 }, (_, index) => ({ address: `f${index}@fabrikam.com` })),
      ...Array.from({ length: 60 }, (_, index) => ({
        address: `l${index}@litware.se`,
        partner: 'litware',
        company: 'Litware',
      })),
      { address: 'nobody@example.org', partner: null, state: 'denied' },
    );
  });

  const theirs = (addresses: (string | undefined)[]) =>
    addresses.every((address) => address?.endsWith('@litware.se'));

  test('sees that partner’s requests, and its name alone in the filter', async () => {
    const html = await page(lia);
    expect(addressesIn(html)).toHaveLength(25);
    expect(theirs(addressesIn(html))).toBe(true);
    expect(html).not.toMatch(/fabrikam/i);
    expect(tabsIn(html)[0]).toBe('Awaiting approval 60');
  });

  test.each([
    ['a search', '?search=f1'],
    ['a whole address', '?search=f1@fabrikam.com'],
    ['another partner', '?partner=fabrikam'],
    ['no partner', '?partner=~'],
    ['a state that only others have', '?state=denied'],
  ])('finds nothing of others by %s', async (_, query) => {
    expect(addressesIn(await page(lia, LIST + query))).toEqual([]);
    const { text } = await lia.get(`${LIST}.csv${query}`);
    expect(text.trim().split('\r\n')).toHaveLength(1);
  });

  test('is led to nobody else by a cursor that somebody else was given, or that is made up', async () => {
    const given = linkIn(await page(ada), 'page-next') ?? '';
    const madeUp = (toward: string, ...keys: unknown[]) =>
      `${LIST}?sort=partner&cursor=${position('partner', toward, ID, keys)}`;
    for (const path of [given, madeUp('before', '~', 9e15), madeUp('after', 'fabrikam', 0)]) {
      expect(theirs(addressesIn(await page(lia, path)))).toBe(true);
    }
  });

  test('exports that partner’s requests alone', async () => {
    const { text } = await lia.get(`${LIST}.csv`);
    const lines = text.trim().split('\r\n').slice(1);
    expect(lines).toHaveLength(60);
    expect(lines.every((line) => line.includes('@litware.se'))).toBe(true);
  });
});

test('whoever has no role, or has not signed in, sees neither the list nor the export', async () => {
  const nils = await portal.staff('nils');
  for (const path of [LIST, `${LIST}.csv`]) {
    expect((await nils.get(path)).status).toBe(403);
    const { status, headers } = await portal.visitor().get(path);
    expect(status).toBe(303);
    expect(headers.location).toBe(`/sign-in?returnTo=${encodeURIComponent(path)}`);
  }
});

test('markup in what partners typed, and in the filter, arrives escaped', async () => {
  const markup = '"><img src=x onerror=alert(1)>';
  await insert({ first_name: markup, last_name: markup, company: markup, partner: markup });
  for (const path of [
    LIST,
    `${LIST}?search=${encodeURIComponent(markup)}`,
    `${LIST}?partner=${encodeURIComponent(markup)}`,
  ]) {
    const html = await page(ada, path);
    expect(html).not.toContain('<img src=x');
    expect(html).toContain('&#34;&gt;&lt;img src=x onerror=alert(1)&gt;');
  }
});

/** A decision as it is recorded, with these codes as its reasons. */
const decided = (outcome: string, ...codes: string[]) =>
  JSON.stringify({
    outcome,
    partner: 'fabrikam',
    rule: 'fabrikam.com',
    grants: {},
    reasons: codes.map((code) => ({ code })),
  });
const PROOF = { at: '2026-05-01T08:00:00.000Z', browser: 'ab'.repeat(32) };

test('the list and the export say what was shown, and what is waited for', async () => {
  await insert(
    {
      address: 'code@fabrikam.com',
      state: 'unproven',
      decision: decided('prove', 'domain.listed', 'proof.mailbox'),
    },
    {
      address: 'home@fabrikam.com',
      state: 'unproven',
      decision: decided('prove', 'proof.tenant', 'guard.tooFast'),
    },
    { address: 'late@fabrikam.com', decision: decided('review', 'domain.listed', 'limit.perDay') },
    {
      address: 'shown@fabrikam.com',
      state: 'provisioned',
      decision: decided('invite', 'domain.listed', 'limit.total'),
      proof: JSON.stringify({ kind: 'mailbox', ...PROOF }),
    },
    {
      address: 'signed@fabrikam.com',
      decision: decided('review', 'approval.manual'),
      proof: JSON.stringify({ kind: 'tenant', by: 'tid/oid', ...PROOF }),
    },
  );
  const html = await page(ada);
  const rowOf = (address: string) => textOf(html.split('<tr>').find((row) => row.includes(address)) ?? '');
  expect(rowOf('code@')).toMatch(/Not confirmed Waiting for the code from the email \d/);
  expect(rowOf('home@')).toMatch(
    /Waiting for the sign-in at the person's organisation · Sent the form faster than people can fill it in \d/,
  );
  expect(rowOf('late@')).toMatch(/Awaiting approval Over the daily limit \d/);
  expect(rowOf('shown@')).toMatch(/Has access Mailbox confirmed \d/);
  expect(rowOf('signed@')).toMatch(/Awaiting approval Signed in at their own organisation \d/);
  // An unproven one can be closed, like any other that waits.
  expect(html).toMatch(/aria-label="Select code@fabrikam.com"/);

  const { text } = await ada.get(`${LIST}.csv?sort=address`);
  const [head = '', ...lines] = text.trim().split('\r\n');
  const columns = head.replace(/^\uFEFF/, '').split(',');
  const cells = (address: string) => {
    const values = lines.find((line) => line.includes(address))?.split(',') ?? [];
    return ['Waiting because', 'Proof', 'Proof given', 'Signed in as (tenant/object ID)'].map(
      (column) => values[columns.indexOf(column)],
    );
  };
  expect(cells('code@')).toEqual(['proof.mailbox', '', '', '']);
  expect(cells('home@')).toEqual(['proof.tenant guard.tooFast', '', '', '']);
  expect(cells('shown@')).toEqual(['', 'mailbox', PROOF.at, '']);
  expect(cells('signed@')).toEqual(['', 'tenant', PROOF.at, 'tid/oid']);
  // What tells one browser from another leaves the store for nobody's list.
  for await (const { proof } of exportList(portal.deps, accessFor(portal.deps), {})) {
    expect(proof ?? {}).not.toHaveProperty('browser');
  }
});

describe('the export', () => {
  test('is a CSV file with every row that the filter leaves, in the reader’s language', async () => {
    await insertManyRequests(portal.deps.store.db, 2_500);
    const answer = await ada.get(`${LIST}.csv?state=provisioned&partner=company3`, {
      'Accept-Language': 'sv',
    });
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('text/csv; charset=utf-8');
    const day = new Date().toISOString().slice(0, 10);
    expect(answer.headers['content-disposition']).toBe(`attachment; filename=requests-${day}.csv`);
    const [head, ...lines] = answer.text.trim().split('\r\n');
    expect(head).toContain('Mottagen,Ändrad,Status');
    const { count } = await portal.deps.store.db
      .selectFrom('request')
      .select(({ fn }) => fn.countAll<string>().as('count'))
      .where('state', '=', 'provisioned')
      .where('partner', '=', 'company3')
      .executeTakeFirstOrThrow();
    expect(lines).toHaveLength(Number(count));
    const whole = await ada.get(`${LIST}.csv`);
    const ids = whole.text
      .trim()
      .split('\r\n')
      .slice(1)
      .map((line) => line.split(',')[0]);
    expect(new Set(ids).size).toBe(2_500);
  });

  test('begins with the byte order mark, quotes as RFC 4180 says, and ends each line with CR LF', async () => {
    await insert({ company: 'Smith, "Jones" & Co', reason: 'One\nTwo', partner: 'fabrikam' });
    const answer = await ada
      .get(`${LIST}.csv`)
      .buffer(true)
      .parse((res, done) => {
        const chunks: Buffer[] = [];
        res.on('data', (chunk: Buffer) => chunks.push(chunk));
        res.on('end', () => {
          done(null, Buffer.concat(chunks));
        });
      });
    const body = answer.body as Buffer;
    expect([...body.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf]);
    const text = body.subarray(3).toString();
    expect(text).toMatch(/^Request,Received,.*\r\n[^\r]*\r\n$/);
    expect(text).toContain(',"Smith, ""Jones"" & Co",Fabrikam,fabrikam,"One\nTwo"\r\n');
  });

  test.each(['=1+1', '+46701', '-1', '@SUM(A1)', '\tx', '\rx', '＝1', '=HYPERLINK("http://evil")'])(
    'takes the meaning from a cell that is %j',
    async (cell) => {
      await insert({ first_name: cell, last_name: cell, company: cell, reason: cell, partner: null });
      const { text } = await ada.get(`${LIST}.csv`);
      const cells = text.slice(text.indexOf('\r\n') + 2);
      const neutral = `'${cell}`;
      const quoted = /[",\r\n]/.test(cell) ? `"${neutral.replaceAll('"', '""')}"` : neutral;
      expect(cells.split(quoted)).toHaveLength(5);
      expect(cells).not.toContain(`,${cell}`);
      expect(cells).not.toContain(`,"${cell}`);
    },
  );

  test('leaves an event with how many rows and which filters, and nothing of what was looked for', async () => {
    await insert({ address: 'secret@fabrikam.com' });
    await ada.get(`${LIST}.csv?search=secret%40fabrikam.com&state=pending&from=2026-01-01`);
    const events = await portal.deps.store.db
      .selectFrom('audit_event')
      .selectAll()
      .where('action', '=', 'requests.exported')
      .orderBy('id', 'desc')
      .execute();
    expect(events[0]?.actor).toBe(`${portal.tenant.tenantId}/${STAFF.ada}`);
    expect(events[0]?.detail).toEqual({ filters: ['search', 'states', 'from'], rows: 1, complete: true });
    expect(JSON.stringify(events)).not.toContain('secret');
  });

  test('that is broken off is recorded with the rows that were handed out', async () => {
    await insert({}, {}, {}, {}, {});
    const access = accessFor(portal.deps, { oid: STAFF.arne });
    let taken = 0;
    for await (const request of exportList(portal.deps, access, {})) {
      expect(request.address).toMatch(/@fabrikam\.com$/);
      if (++taken === 3) break;
    }
    const { detail } = await portal.deps.store.db
      .selectFrom('audit_event')
      .select('detail')
      .where('action', '=', 'requests.exported')
      .orderBy('id', 'desc')
      .executeTakeFirstOrThrow();
    expect(detail).toEqual({ filters: [], rows: 3, complete: false });
  });
});
