import { personKey } from '../../../../src/access/access.js';
import { loadLanguages } from '../../../../src/language.js';
import { TRANSITIONS } from '../../../../src/requests/transitions.js';
import {
  AUDIT_ACTIONS,
  findAuditEvents,
  insertAuditEvent,
  type AuditEvent,
} from '../../../../src/store/auditEvents.js';
import { tamper } from '../../../support/auditTrail.js';
import { textOf } from '../../../support/page.js';
import { startPortal, type TestPortal } from '../../../support/portal.js';
import { STAFF } from '../../../support/staff.js';
import type { Visitor } from '../../../support/visitor.js';
import { waitFor } from '../../../support/waitFor.js';

let portal: TestPortal;
let aud: Visitor;
const REQUEST = '0f8fad5b-d9cb-469f-a165-70867728950e';

beforeAll(async () => {
  portal = await startPortal({ worker: false });
  aud = await portal.staff('aud');
});
afterAll(() => portal.close());

const keyOf = (name: keyof typeof STAFF) => personKey({ tid: portal.tenant.tenantId, oid: STAFF[name] });
const events = (path: string) => aud.get(path).then(({ text }) => rowsOf(text));

/** The rows of the table as a person reads them, without times and seals. */
function rowsOf(html: string): string[] {
  return [...html.matchAll(/<tr id="event-\d+">([\s\S]*?)<\/tr>/g)].map(([, row = '']) =>
    textOf(row.replace(/<time[\s\S]*?<\/time>/, '')),
  );
}

async function lastEvent(action: string): Promise<Record<string, unknown>> {
  const [event] = await findAuditEvents(
    portal.deps.store.db,
    { action },
    { order: 'newest', after: null, limit: 1 },
  );
  return { actor: event?.actor, ...(JSON.parse(event?.detail ?? '{}') as object) };
}

async function allSealed(): Promise<void> {
  await waitFor('every event to be sealed', async () => {
    const page = { order: 'newest', after: null, limit: 1_000 } as const;
    return (await findAuditEvents(portal.deps.store.db, {}, page)).every(({ seq }) => seq !== null);
  });
}

describe('the sentences', () => {
  const languages = loadLanguages();

  test.each(languages.available)('in %s there is one for every action that code may write', (language) => {
    const t = languages.translate(language);
    const silent = AUDIT_ACTIONS.filter((action) =>
      /\(|audit\.action/.test(t([`audit.action.${action}`, 'audit.action.unknown'])),
    );
    expect(silent).toEqual([]);
  });

  test('every state of a request is an action', () => {
    expect(AUDIT_ACTIONS).toEqual(
      expect.arrayContaining(Object.keys(TRANSITIONS).map((state) => `request.${state}`)),
    );
  });

  test('the compiler lets no other action through', () => {
    // @ts-expect-error: nobody could read it
    const event: AuditEvent = { actor: 'portal', action: 'nonsense.done' };
    expect(AUDIT_ACTIONS).not.toContain(event.action);
  });
});

test('the trail says what happened, who did it, and how it is sealed', async () => {
  await insertAuditEvent(portal.deps.store.db, {
    actor: 'portal',
    action: 'step.done',
    requestId: REQUEST,
    detail: { step: 'group:crm', attempts: 2, problem: null, note: '<b>bold</b>' },
  });
  await allSealed();
  const { status, text } = await aud.get('/admin/audit');
  expect(status).toBe(200);
  const [row = ''] = rowsOf(text);
  expect(row).toMatch(
    /^Step done group:crm action step\.done request 0f8fad5b\S+ note <b>bold<\/b> step group:crm attempts 2 hash [0-9a-f]{12}… The portal 0f8fad5b Events \d+$/,
  );
  expect(text).toContain(`href="/admin/requests/${REQUEST}"`);
  // A link says by itself where it leads, and a record when it was written to the second.
  expect(text).toContain('aria-label="Events of request 0f8fad5b"');
  expect(text).toMatch(/<time [^>]*data-show="seconds">[^<]*\d:\d\d:\d\d/);
  expect(text).not.toContain('<b>bold');
  // Who has signed in is named.
  expect(rowsOf(text).join('\n')).toMatch(/Signed in action signIn\.succeeded .*hash \S+ (?!.{8}-)\S+ \S+/);
});

test('filters are by group, by action, by person, by request and by day', async () => {
  const { db } = portal.deps.store;
  const requestId = '11111111-d9cb-469f-a165-70867728950e';
  await insertAuditEvent(db, { actor: keyOf('ada'), action: 'request.approved', requestId });
  await insertAuditEvent(db, { actor: keyOf('ada'), action: 'request.denied', requestId });
  await insertAuditEvent(db, { actor: keyOf('arne'), action: 'policy.saved' });

  const count = async (query: string) => (await events(`/admin/audit?${query}`)).length;
  expect(await count('action=policy.saved')).toBe(1);
  expect(await count(`action=request&request=${requestId}`)).toBe(2);
  expect(await count(`action=request.denied&actor=${encodeURIComponent(keyOf('ada'))}`)).toBe(1);
  expect(await count(`request=${requestId.toUpperCase()}`)).toBe(2);
  expect(await count('to=2020-01-01')).toBe(0);
  expect(await count('from=2020-01-01&to=2020-01-02')).toBe(0);
  expect(await count(`from=2020-01-01&to=2999-12-31&request=${requestId}`)).toBe(2);
});

test.each([
  ['request=ana', 422, 'Enter a request ID such as'],
  ['from=soon', 422, 'Enter dates like'],
  ['action=nonsense', 400, ''],
  ['actor=a&actor=b', 400, ''],
  ['after=-1', 400, ''],
  [`after=${'9'.repeat(18)}`, 200, 'Nothing'],
])('a query of %s is answered with %i', async (query, status, says) => {
  const answer = await aud.get(`/admin/audit?${query}`);
  expect([answer.status, textOf(answer.text)]).toEqual([status, expect.stringContaining(says)]);
});

test('pages follow each other, and no event is twice or missing', async () => {
  const { db } = portal.deps.store;
  const actor = keyOf('gro');
  // Many of them in one transaction have the same moment.
  await db.transaction().execute(async (trx) => {
    for (let number = 0; number < 120; number++) {
      await insertAuditEvent(trx, { actor, action: 'notice.sent', detail: { number } });
    }
  });
  const seen: number[] = [];
  let path: string | undefined = `/admin/audit?actor=${encodeURIComponent(actor)}`;
  const sizes: number[] = [];
  while (path) {
    const { text } = await aud.get(path);
    const rows = rowsOf(text);
    sizes.push(rows.length);
    seen.push(...rows.map((row) => Number(/number (\d+)/.exec(row)?.[1])));
    path = /<a href="([^"]*after=[^"]*)">Older/.exec(text)?.[1]?.replaceAll('&amp;', '&');
  }
  expect(sizes).toEqual([50, 50, 20]);
  expect(seen).toEqual(Array.from({ length: 120 }, (_, index) => 119 - index));
});

test('the export is a CSV of what the filters let through, and is an event itself', async () => {
  const requestId = '22222222-d9cb-469f-a165-70867728950e';
  await insertAuditEvent(portal.deps.store.db, { actor: 'portal', action: 'request.failed', requestId });
  await allSealed();
  const { status, headers, text } = await aud.get(`/admin/audit.csv?request=${requestId}`);
  expect([status, headers['content-type']]).toEqual([200, 'text/csv; charset=utf-8']);
  expect(headers['content-disposition']).toMatch(/^attachment; filename="?audit-\d{4}-\d{2}-\d{2}\.csv"?$/);
  const lines = text.split('\r\n');
  expect(lines).toHaveLength(3);
  // With the byte order mark by which spreadsheets know UTF-8.
  expect(lines[0]).toBe('\uFEFFseq,hash,id,at,requestId,actor,action,detail');
  expect(lines[1]).toMatch(
    new RegExp(`^\\d+,[0-9a-f]{64},\\d+,[^,]+Z,${requestId},portal,request\\.failed,\\{\\}$`),
  );
  expect(await lastEvent('audit.exported')).toEqual({ actor: keyOf('aud'), requestId });
});

test('a cell that begins like a formula is made harmless in the export', async () => {
  await tamper(
    portal.deps.store.db,
    `insert into audit_event (actor, action, detail) values ('=1+1', 'request.failed', '{}')`,
  );
  const { text } = await aud.get('/admin/audit.csv');
  expect(text).toContain(",'=1+1,");
});

test.each(['%00', '%3D1%2B1', 'ana%40fabrikam.com', 'a/b'])(
  'an actor that no event can have (%s) is not looked for, and so not recorded with an export',
  async (actor) => {
    expect((await aud.get(`/admin/audit?actor=${actor}`)).status).toBe(400);
    expect((await aud.get(`/admin/audit.csv?actor=${actor}`)).status).toBe(400);
  },
);

test('a faulty period exports nothing', async () => {
  expect((await aud.get('/admin/audit.csv?from=soon')).status).toBe(422);
});

describe('verifying', () => {
  const verify = (head = '') => aud.post('/admin/audit/verify', { head }, { from: '/admin/audit' });
  const headOf = (text: string) => /<strong>(\d+:[0-9a-f]{64})<\/strong>/.exec(text)?.[1] ?? '';

  test('a trail in order is said to be, with the head to note down, and the event has the counts', async () => {
    await allSealed();
    const first = await verify();
    expect(first.status).toBe(200);
    expect(textOf(first.text)).toContain('The trail is intact.');
    const head = headOf(first.text);
    const seq = Number(head.split(':')[0]);
    expect(await lastEvent('audit.verified')).toEqual({
      actor: keyOf('aud'),
      seals: seq,
      findings: 0,
      head: seq,
      noted: null,
    });

    const second = await verify(head);
    expect(textOf(second.text)).toMatch(new RegExp(`intact\\. .* It was compared with the head ${head}`));
  });

  test('what was typed and is no head is refused, and kept', async () => {
    const { status, text } = await verify('12:abc');
    expect(status).toBe(422);
    expect(text).toContain('value="12:abc"');
    expect(textOf(text)).toContain('Enter the head as it was shown');
  });

  // Last: the trail is not in order any more.
  test('every finding is a sentence, and whoever reads the log learns of it', async () => {
    await allSealed();
    const head = headOf((await verify()).text);
    await allSealed();
    await tamper(
      portal.deps.store.db,
      `update audit_event set actor = 'x' where id = (select event_id from audit_seal where seq = 2)`,
      `delete from audit_event where id = (select event_id from audit_seal where seq = 4)`,
      `delete from audit_seal where seq = 6`,
    );
    const { text } = await verify(head);
    expect(textOf(text)).toMatch(
      /3 places aren't as they were sealed\..*Seal 2: event \d+ was edited\..*Seal 4: event \d+ was deleted\..*Seals 6 to 6 were deleted/,
    );
    expect(portal.logged()).toContainEqual(expect.objectContaining({ level: 'error', findings: 3 }));
  });
});

describe.each(['arne', 'nils'] as const)('%s, who may not read the trail', (name) => {
  test('is refused, also the export and the verification', async () => {
    const person = await portal.staff(name);
    expect((await person.get('/admin/audit')).status).toBe(403);
    expect((await person.get('/admin/audit.csv')).status).toBe(403);
    expect((await person.post('/admin/audit/verify', {}, { from: '/' })).status).toBe(403);
    expect(await lastEvent('access.refused')).toMatchObject({ actor: keyOf(name), right: 'audit.read' });
  });
});
