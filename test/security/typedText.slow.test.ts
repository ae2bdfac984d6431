import { readFileSync } from 'node:fs';
import { domainToASCII } from 'node:url';
import { parseAddress } from '../../src/policy/address.js';
import { aPartner, aPolicy } from '../support/aPolicy.js';
import { aRequest } from '../support/aRequest.js';
import { startPortal, type TestPortal } from '../support/portal.js';
import { newcomer } from '../support/signInFlows.js';
import { STAFF } from '../support/staff.js';
import { waitFor } from '../support/waitFor.js';
import { filled, routesWith } from './walk.js';

// What people write stays text, wherever it comes out, and an address is the same to every part of the portal.

type Vector = { address: string; expect: 'allow' | 'deny' | 'reject'; why: string };
const { cases: VECTORS } = JSON.parse(
  readFileSync(new URL('../policy/addresses.vectors.json', import.meta.url), 'utf8'),
) as { cases: Vector[] };

/** Breaks out of text, of attributes in both kinds of quotes, and of a template. */
const MARKUP = `<i x=1>"'&{{x}}<%= 1 %>`;
const RAW = '<i x=1>';
const ESCAPED = '&lt;i x=1&gt;&#34;&#39;&amp;';

let portal: TestPortal;

beforeAll(async () => {
  portal = await startPortal({
    worker: false,
    env: { TRUST_PROXY: '1' },
    policy: aPolicy({
      portal: { organization: `Contoso ${MARKUP}`, contact: 'partners@contoso.com' },
      groups: {
        crm: { id: '22222222-0000-4000-8000-000000000002', name: `Group ${MARKUP}` },
      },
      apps: { crm: { name: `App ${MARKUP}`, url: "https://crm.contoso.com/?a='b'&c", groups: ['crm'] } },
      partners: [
        aPartner({ name: `Partner ${MARKUP}`, invitation: { message: `Welcome ${MARKUP}` } }),
        aPartner({ id: 'contoso', name: 'Contoso', domains: ['contoso.com'] }),
        aPartner({
          id: 'litware',
          name: `Litware ${MARKUP}`,
          domains: ['litware.com'],
          approval: 'manual',
          approvers: [STAFF.lia],
        }),
      ],
    }),
  });
});
afterAll(() => portal.close());

const db = () => portal.deps.store.db;
const TYPED = { first_name: MARKUP, last_name: MARKUP, company: MARKUP, reason: MARKUP };

/** What no form of ours would take, as if it had got into the store some other way. */
const planted = (overrides: Parameters<typeof aRequest>[0]) => {
  const request = aRequest({ ...TYPED, ...overrides });
  return db()
    .insertInto('request')
    .values(request)
    .execute()
    .then(() => request.id);
};

describe('markup', () => {
  test('1.2.1 markup in every field arrives escaped on every page that an admin or a stranger can open', async () => {
    const decision = JSON.stringify({
      outcome: 'invite',
      partner: 'fabrikam',
      rule: MARKUP,
      grants: {
        groups: [{ key: MARKUP, id: MARKUP, name: MARKUP }],
        apps: [{ key: MARKUP, name: MARKUP, url: 'https://crm.contoso.com' }],
        appRoles: [],
      },
      reasons: [],
    });
    const states = ['pending', 'held', 'failed', 'provisioned', 'denied'] as const;
    const ids: string[] = [];
    for (const state of states) {
      ids.push(
        await planted({
          state,
          due_at: null,
          decision,
          address: `${state}@fabrikam.com`,
          problem: JSON.stringify({ code: 'heldByReviewer', detail: MARKUP }),
          review: JSON.stringify({
            outcome: state === 'denied' ? 'denied' : 'approved',
            by: `${portal.tenant.tenantId}/${STAFF.arne}`,
            at: new Date().toISOString(),
            reason: MARKUP,
            note: MARKUP,
          }),
        }),
      );
    }
    const ada = await portal.staff('ada');
    const visitor = newcomer(portal);
    const status = (await visitor.apply({ email: 'page@contoso.com', reason: MARKUP })).split('/').at(-1);
    const pages = routesWith(portal, 'GET').flatMap(({ path }) =>
      path.startsWith('/admin/requests/:id')
        ? ids.map((id) => filled(path, { id }))
        : [filled(path, { token: status ?? '' })],
    );
    const hostile = encodeURIComponent(MARKUP);
    const queries = [
      '',
      `?q=${hostile}&partner=${hostile}&address=${hostile}&state=${hostile}&page=${hostile}`,
    ];
    let escaped = 0;
    for (const page of pages.filter((path) => path !== '/auth/callback')) {
      for (const query of queries) {
        for (const reader of [ada, visitor]) {
          const { text, headers } = await reader.get(page + query);
          if (!String(headers['content-type']).startsWith('text/html')) continue;
          expect([page + query, text.includes(RAW), text.includes('<%')]).toEqual([
            page + query,
            false,
            false,
          ]);
          if (text.includes(ESCAPED)) escaped++;
        }
      }
    }
    // The test would say nothing if what was planted were shown nowhere.
    expect(escaped).toBeGreaterThan(20);
  });

  test('1.2.1 a form that is refused shows what was typed, as text', async () => {
    const typed = { email: MARKUP, firstName: MARKUP, lastName: MARKUP, company: MARKUP, reason: MARKUP };
    const { status, text } = await newcomer(portal).signUp(typed);
    expect(status).toBe(422);
    expect(text).not.toContain(RAW);
    expect(text.split(`value="${ESCAPED}`)).toHaveLength(5);
    const stale = await newcomer(portal).postRaw('/sign-up', { ...typed, [MARKUP]: MARKUP });
    expect([stale.status, stale.text.includes(RAW)]).toEqual([403, false]);
  });

  test('1.2.1 4.1.3 the same in every mail, whose links come from BASE_URL', async () => {
    const forged = { Host: 'evil.com', 'X-Forwarded-Host': 'evil.com', Forwarded: 'host=evil.com' };
    const [invited, waiting, denied] = [
      await planted({ address: 'mailed@fabrikam.com' }),
      await portal.visitor(forged).apply({ email: 'waiting@litware.com' }),
      await portal.visitor(forged).apply({ email: 'denied@litware.com' }),
    ];
    await db()
      .updateTable('request')
      .set(TYPED)
      .where('address', 'in', ['waiting@litware.com', 'denied@litware.com'])
      .execute();
    const lia = await portal.staff('lia');
    const { id } = await db()
      .selectFrom('request')
      .select('id')
      .where('address', '=', 'denied@litware.com')
      .executeTakeFirstOrThrow();
    const at = `/admin/requests/${id}`;
    await lia.post(`${at}/deny`, { version: '1', reason: MARKUP, note: '' }, { from: at });
    expect([invited, waiting, denied].every(Boolean)).toBe(true);
    portal.startWorker();
    const mails = await waitFor('three mails', async () => {
      const all = (await portal.tenant.state()).mails.filter(({ source }) => source === 'smtp');
      const found = ['mailed@fabrikam.com', 'lia@contoso.com', 'denied@litware.com'].map((to) =>
        all.find((mail) => mail.to.includes(to)),
      );
      return found.every(Boolean) && found;
    });
    await portal.stopWorker();
    for (const mail of mails) {
      expect([mail?.to, mail?.html.includes(RAW)]).toEqual([mail?.to, false]);
      expect(mail?.html).toContain(ESCAPED);
      expect(mail?.html).toContain(`${portal.deps.config.baseUrl}/`);
      expect(mail?.html).not.toContain('evil.com');
    }
  });
});

test('1.3.11 line breaks that got past the form reach no header: the mail has one recipient', async () => {
  const lines = 'Ana\r\nBcc: eve@evil.com\r\n\r\nHello';
  const email = 'onlyone@fabrikam.com';
  await planted({
    address: email,
    first_name: lines,
    last_name: lines,
    company: lines,
    reason: lines,
  });
  portal.startWorker();
  const [mail] = await waitFor('the mail', async () => {
    const mails = await portal.tenant.mailsTo(email);
    return mails.length > 0 && mails;
  });
  await portal.stopWorker();
  expect(mail?.to).toEqual([email]);
  expect(mail?.subject).not.toContain('Bcc');
  expect(await portal.tenant.mailsTo('eve@evil.com')).toEqual([]);
});

describe('one parser', () => {
  test('1.5.3 the form and the policy page judge every vector as the parser does', async () => {
    const ada = await portal.staff('ada');
    for (const { address, expect: expected, why } of VECTORS) {
      const { ok } = parseAddress(address);
      expect([why, ok]).toEqual([why, expected !== 'reject']);
      const form = await newcomer(portal).signUp({ email: address });
      if (!ok) expect([why, form.status]).toEqual([why, 422]);
      if (expected === 'allow') expect([why, form.status]).toEqual([why, 303]);
      const explained = await ada.get(`/admin/policy/explain?address=${encodeURIComponent(address)}`);
      expect([why, explained.status]).toEqual([why, ok ? 200 : 422]);
    }
    // What reached the store is what the parser made of it.
    const rows = await db().selectFrom('request').select('address').execute();
    for (const { address } of rows) {
      expect(parseAddress(address)).toMatchObject({ ok: true, address: { canonical: address } });
    }
  });

  test('1.5.3 the mailer writes to the one mailbox that it is given, or to none', async () => {
    const { mailer } = portal.deps;
    const before = (await portal.tenant.state()).mails.length;
    for (const [index, { address }] of VECTORS.entries()) {
      const mail = { subject: 'x', text: 'x', html: 'x', messageId: `<${index}@portal.invalid>` };
      await mailer?.send({ to: address, ...mail }, AbortSignal.timeout(60_000)).catch(() => undefined);
    }
    const mails = (await portal.tenant.state()).mails.slice(before);
    // A local part that needs quotes (RFC 5321) gets them, and a domain is shown in its own letters.
    const written = (to: string) =>
      `${to.replace(/^"(.*)"@.*$/, '$1').replace(/@.*/, '')}@${domainToASCII(to.replace(/.*@/, ''))}`;
    const taken = VECTORS.flatMap(({ address }) => {
      const parsed = parseAddress(address);
      return parsed.ok ? [parsed.address.canonical] : [];
    });
    const mailed = mails.map(({ to }) => to.map((one) => written(one).toLowerCase()));
    expect(mailed).toEqual(expect.arrayContaining(taken.map((address) => [address])));
    // What the parser would refuse may reach a server, which judges it; it never becomes two mailboxes.
    expect(mails.filter(({ to }) => to.length !== 1)).toEqual([]);
  });
});
