import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { domainToASCII } from 'node:url';
import { promisify } from 'node:util';
import { tenantOfDomain } from '../../src/entra/tenantOfDomain.js';
import { parseAddress } from '../../src/policy/address.js';
import { decide } from '../../src/policy/decide.js';
import { validatePolicy } from '../../src/policy/validate.js';
import { aPartner, aPolicy } from '../support/aPolicy.js';
import { aRequest } from '../support/aRequest.js';
import { built } from '../support/built.js';
import { signUpUntil } from '../support/journey.js';
import { startPortal, type TestPortal } from '../support/portal.js';
import { newcomer } from '../support/signInFlows.js';
import { processorTime } from '../support/processorTime.js';
import { STAFF } from '../support/staff.js';
import { waitFor } from '../support/waitFor.js';
import { hostileAddresses } from './hostileAddresses.js';
import { httpServer, httpsServer } from './servers.js';
import { filled, routesWith } from './walk.js';

// OWASP ASVS 5.0.0, chapter 1: what people write stays text, wherever it comes out.

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

describe('1.2 output', () => {
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

  test('1.2.1 the same in every mail', async () => {
    const [invited, waiting, denied] = [
      await planted({ address: 'mailed@fabrikam.com' }),
      await newcomer(portal).apply({ email: 'waiting@litware.com' }),
      await newcomer(portal).apply({ email: 'denied@litware.com' }),
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
    }
  });

  test.each([
    'http://crm.contoso.com',
    'javascript:alert(1)',
    'data:text/html,x',
    '//crm.contoso.com',
    'https:crm.contoso.com',
    'https:/\\evil.com',
    'https://contoso.com\\@evil.com',
    'https://contoso.com@evil.com',
    'https://ｃontoso.com',
    'https://crm.contoso.com/\u0000',
    'https://crm.contoso.com/ x',
    ' https://crm.contoso.com',
    'ftp://crm.contoso.com',
    '',
  ])('1.2.2 the policy takes no %j, for an app, a redirect or a logo', async (url) => {
    const policy = aPolicy({
      portal: { organization: 'Contoso', contact: 'partners@contoso.com', logo: url },
      apps: { crm: { name: 'CRM', url, groups: ['crm'] } },
      partners: [aPartner({ invitation: { redirectUrl: url } })],
    });
    const validated = await validatePolicy(JSON.stringify(policy));
    const paths = validated.ok ? [] : validated.faults.map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining(['portal.logo', 'apps.crm.url', 'partners[0].invitation.redirectUrl']),
    );
  });

  test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', ' =1', '"=1', 'a;=1', 'a\n=1', 'a,"b"'])(
    '1.2.10 a cell %j is no formula in an export, and keeps to its cell',
    async (cell) => {
      await db().deleteFrom('request').where('address', '=', 'cell@fabrikam.com').execute();
      const written = { first_name: cell, last_name: cell, company: cell, reason: cell };
      await planted({ ...written, address: 'cell@fabrikam.com', state: 'denied', due_at: null });
      const aud = await portal.staff('aud');
      const { text } = await aud.get('/admin/requests.csv');
      const [header, ...rows] = rowsOf(text.replace(/^\ufeff/, ''));
      const row = rows.find((cells) => cells.includes('cell@fabrikam.com')) ?? [];
      const plain = (text: string) => text.replaceAll("'", '');
      expect(row.filter((text) => plain(text) === cell)).toHaveLength(4);
      for (const cells of rows) {
        expect(cells).toHaveLength(header?.length ?? 0);
        for (const text of cells) expect(text).not.toMatch(/^[\s"]*[=+\-@]|[;\t\r\n][\s"]*[=+\-@]/);
      }
    },
  );

  /** RFC 4180, read strictly. */
  function rowsOf(csv: string): string[][] {
    const rows: string[][] = [];
    let row: string[] = [];
    for (const [, quoted, plain = '', end] of csv.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/g)) {
      if (end === '' && quoted === undefined && plain === '' && row.length === 0) break;
      row.push(quoted?.replaceAll('""', '"') ?? plain);
      if (end === ',') continue;
      rows.push(row);
      row = [];
    }
    return rows;
  }
});

describe('1.3 input', () => {
  test('1.3.6 the look-up of a tenant has one host, an encoded domain, and follows no redirect', async () => {
    const asked: string[] = [];
    const elsewhere: string[] = [];
    const inner = await httpServer((request, response) => {
      elsewhere.push(request.url ?? '');
      response.end('{}');
    });
    const authority = await authorityThat((request, response) => {
      asked.push(request.url ?? '');
      response.writeHead(302, { location: inner.url }).end();
    });
    const hostile = [
      '127.0.0.1',
      'localhost',
      '../common',
      'a.com/../b',
      'a.com?x',
      'a.com#',
      'a@b.com',
      'a.com:443',
    ];
    for (const domain of hostile) expect(await tenantOfDomain(authority, domain)).toEqual({ kind: 'none' });
    expect(asked).toEqual([]);
    expect(await tenantOfDomain(authority, 'fabrikam.com')).toMatchObject({ kind: 'unreachable' });
    expect(asked).toEqual(['/fabrikam.com/v2.0/.well-known/openid-configuration']);
    expect(elsewhere).toEqual([]);
    await Promise.all([inner.close(), authority.close()]);
  });

  test('1.3.6 it reads 64 KB and waits five seconds, and not longer', async () => {
    let sent = 0;
    const endless = await authorityThat((_request, response) => {
      const send = () => {
        while (!response.destroyed && sent < 1e8) {
          sent += 16_384;
          if (!response.write(Buffer.alloc(16_384, ' '))) return void response.once('drain', send);
        }
        response.end();
      };
      send();
    });
    const silent = await authorityThat(() => undefined);
    const began = performance.now();
    const [first, second] = await Promise.all([
      tenantOfDomain(endless, 'fabrikam.com'),
      tenantOfDomain(silent, 'fabrikam.com'),
    ]);
    expect([first, second]).toEqual([
      { kind: 'unreachable', why: 'unexpectedAnswer' },
      { kind: 'unreachable', why: 'timeout' },
    ]);
    // What is on its way in the connection's buffers comes on top of the 64 KB.
    expect(sent).toBeLessThan(32 * 1024 * 1024);
    expect(performance.now() - began).toBeLessThan(8_000);
    await Promise.all([endless.close(), silent.close()]);
  });

  async function authorityThat(listener: RequestListener) {
    const server = await httpsServer(listener);
    return { authorityUrl: server.url, close: server.close };
  }

  test.each([
    'ana@contoso.com\r\nBcc: eve@evil.com',
    'Ana\nBcc: eve@evil.com',
    'Ana\r',
    'Ana\u0085x',
    'Ana\u2028x',
    'Ana\u0000',
  ])('1.3.11 %j is refused in an address and in a name, and nothing is recorded', async (text) => {
    const count = async () => (await db().selectFrom('request').select('id').execute()).length;
    const before = await count();
    for (const field of ['email', 'firstName', 'lastName', 'company']) {
      const { status } = await newcomer(portal).signUp({ email: 'crlf@contoso.com', [field]: `${text}x` });
      expect([field, status]).toEqual([field, 422]);
    }
    expect(await count()).toBe(before);
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

  test('1.3.12 4,000 hostile addresses are judged in under 100 ms', async () => {
    const { policy } = portal.deps.policy.current();
    const hostile = hostileAddresses(4_000);
    expect(new Set(hostile).size).toBe(4_000);
    const judge = () => {
      for (const text of hostile) {
        const parsed = parseAddress(text);
        if (parsed.ok) decide(policy, { address: parsed.address });
      }
    };
    // The best of three, in processor time: what else the machine does is not what is measured.
    const runs = [await processorTime(judge), await processorTime(judge), await processorTime(judge)];
    expect(Math.min(...runs.map(({ cpuMs }) => cpuMs))).toBeLessThan(100);
  });

  test('1.3.12 as much text as a form may hold is answered as fast as a short address', async () => {
    const visitor = newcomer(portal);
    const _csrf = await visitor.csrf();
    for (const piece of ['a', 'a@', '.', '"', 'а', '%0d', ' ', '@'.repeat(40), 'xn--']) {
      const began = performance.now();
      const email = piece.repeat(Math.floor(30_000 / encodeURIComponent(piece).length));
      expect((await visitor.postRaw('/sign-up', { _csrf, email })).status).toBe(422);
      expect(performance.now() - began).toBeLessThan(2_000);
    }
  });
});

describe('1.5 one parser', () => {
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

  test('1.5.3 a rule of the policy names no address that the form would refuse', async () => {
    for (const { address } of VECTORS) {
      const policy = aPolicy({ partners: [aPartner({ domains: [address] })] });
      const validated = await validatePolicy(JSON.stringify(policy));
      if (validated.ok) expect(parseAddress(address).ok).toBe(true);
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

  test('1.5.3 the command line agrees too', async () => {
    const script = await built('cli/policy');
    const chosen = VECTORS.filter((_, index) => index % 6 === 0);
    const env = { ...process.env, POLICY_FILE: portal.policyFile };
    for (const { address } of chosen) {
      const { stdout } = await promisify(execFile)(
        process.execPath,
        [script, 'explain', '--json', '--', address].filter((part) => part !== '--'),
        { env },
      ).catch((error: unknown) => error as { stdout: string });
      expect(JSON.parse(stdout)).toMatchObject({ ok: parseAddress(address).ok });
    }
  });

  test('1.5.3 what was taken ends as a guest of exactly that address', async () => {
    portal.startWorker();
    await signUpUntil(portal, 'provisioned', "o'brien@fabrikam.com");
    await portal.stopWorker();
    expect(await portal.tenant.guest("o'brien@fabrikam.com")).toBeDefined();
  });
});
