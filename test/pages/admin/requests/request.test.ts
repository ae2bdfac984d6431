import { findNextPending } from '../../../../src/store/nextPending.js';
import { findRequest, findRequests } from '../../../../src/store/requests.js';
import type { RequestRow } from '../../../../src/store/schema.js';
import { aPartner, aPolicy, GROUPS } from '../../../support/aPolicy.js';
import { requestAt } from '../../../support/ageRequest.js';
import { formOf } from '../../../support/formOf.js';
import { faultsOf, textOf, valueOf } from '../../../support/page.js';
import { startPortal, type TestPortal } from '../../../support/portal.js';
import { putPolicy } from '../../../support/putPolicy.js';
import { submitted } from '../../../support/reviewers.js';
import { STAFF } from '../../../support/staff.js';
import type { Visitor } from '../../../support/visitor.js';
import { waitFor } from '../../../support/waitFor.js';

let portal: TestPortal;
let arne: Visitor;
let aud: Visitor;
let lia: Visitor;

beforeAll(async () => {
  portal = await startPortal({
    worker: false,
    policy: aPolicy({
      partners: [
        aPartner({ approval: 'manual', apps: ['crm', 'wiki'], groups: ['wiki'], approvers: [STAFF.lia] }),
        aPartner({ id: 'other', name: 'Other Ltd', domains: ['other.com'], approval: 'manual' }),
        aPartner({ id: 'quick', domains: ['quick.com'] }),
      ],
      unlisted: 'review',
    }),
  });
  [arne, aud, lia] = await Promise.all([portal.staff('arne'), portal.staff('aud'), portal.staff('lia')]);
});
afterAll(() => portal.close());

const current = async ({ id }: Pick<RequestRow, 'id'>): Promise<RequestRow> => {
  const row = await findRequest(portal.deps.store.db, id);
  if (!row) throw new Error('gone');
  return row;
};
const pathOf = ({ id }: Pick<RequestRow, 'id'>) => `/admin/requests/${id}`;

/** The hidden fields of the page's forms, as they were when the person opened it. */
function fieldsOf(html: string): Record<string, string> {
  const hidden = html.matchAll(/<input type="hidden" name="(_csrf|version|state|seenAt)" value="([^"]*)"/g);
  return Object.fromEntries([...hidden].map(([, name = '', value = '']) => [name, value]));
}

/** Opens a request's page and gives what its forms would send. */
async function opened(person: Visitor, request: Pick<RequestRow, 'id'>) {
  const page = await person.get(pathOf(request));
  return { page, fields: fieldsOf(page.text) };
}

const flashIn = (html: string) =>
  textOf(/<div class="callout good flash"[\s\S]*?<\/div>/.exec(html)?.[0] ?? '');

const formsOf = (html: string, { id }: Pick<RequestRow, 'id'>) =>
  [...html.matchAll(new RegExp(`action="/admin/requests/${id}/(\\w+)"`, 'g'))].map(([, action]) => action);

describe('the page of a request', () => {
  test('shows what was asked, the decision and its rule, the steps with their Graph ids, the trail and earlier requests', async () => {
    const earlier = await submitted(portal.deps, 'bo@fabrikam.com');
    const request = await submitted(portal.deps, 'ana@fabrikam.com');
    const { fields } = await opened(arne, request);
    await arne.postRaw(`${pathOf(request)}/approve`, { ...fields, note: 'Known <i>since</i> 2020' });
    portal.startWorker();
    await waitFor('ana to have access', async () => (await current(request)).state === 'provisioned');
    await portal.stopWorker();
    const { text } = await arne.get(pathOf(request));
    const words = textOf(text);
    for (const shown of [
      'Ana Lind',
      'Orders in the CRM',
      'Fabrikam lists the domain fabrikam.com',
      'Has access',
    ]) {
      expect(words).toContain(shown);
    }
    for (const step of ['Look up the address', 'Add to the group Group crm', 'Assign the role of Wiki']) {
      expect(words).toMatch(new RegExp(`${step} Done 1 `));
    }
    expect(words).toMatch(/Invite the guest Done 1 .{5,40} [0-9a-f]{8}-[0-9a-f-]{27}/);
    expect(text).toContain('Known &lt;i&gt;since&lt;/i&gt; 2020');
    expect(words).toMatch(/Approved by Arne/);
    expect(text).toContain(`href="${pathOf(earlier)}"`);
    expect(formsOf(text, request)).toEqual([]);
    expect(words).toContain('You can send it again in 5 minutes');
  });

  test('that was refused by its address alone names the address, in the list too, and nothing that nobody was asked for', async () => {
    const refused = await portal.visitor().sendAddress('kim@gmail.com');
    const request = await requestAt(portal, refused.headers.location ?? '');
    const { text } = await arne.get(pathOf(request));
    expect(textOf(text)).toContain('kim@gmail.com');
    for (const unasked of ['What for', 'Organisation', 'Terms accepted'])
      expect(textOf(text)).not.toContain(unasked);
    const list = await arne.get('/admin/requests?search=kim@gmail.com');
    expect(list.text).toMatch(new RegExp(`href="${pathOf(request)}">\\s*<span>kim@gmail.com</span>`));
  });

  test('offers what its state allows, and follows by itself only while the portal works on it', async () => {
    const request = await submitted(portal.deps, 'offers@quick.com');
    const queued = await arne.get(pathOf(request));
    expect(formsOf(queued.text, request)).toEqual(['hold']);
    const follows = /hx-get="([^"]+)"/.exec(queued.text)?.[1]?.replace('&amp;', '&') ?? '';
    expect((await arne.get(follows)).status).toBe(204);
    const { fields } = await opened(arne, request);
    const answer = await arne.postRaw(`${pathOf(request)}/hold`, { ...fields, note: 'Asking legal' });
    expect([answer.status, answer.headers.location]).toEqual([303, pathOf(request)]);
    const held = await arne.get(pathOf(request));
    expect(formsOf(held.text, request)).toEqual(['approve', 'deny', 'retry']);
    expect(held.text).not.toContain('hx-get');
    expect(textOf(held.text)).toContain('Asking legal');
    const moved = await arne.get(follows);
    expect(moved.text).toMatch(/id="actions" hx-swap-oob="true"/);
    expect(held.text).not.toContain('hx-swap-oob');
  });

  test('is for reading where somebody may only read, and says so', async () => {
    const request = await submitted(portal.deps, 'read@fabrikam.com');
    const { text } = await aud.get(pathOf(request));
    expect(formsOf(text, request)).toEqual([]);
    expect(textOf(text)).toContain('You can read this request but not decide on it');
    const { fields } = await opened(aud, request);
    const answer = await aud.postRaw(`${pathOf(request)}/approve`, { ...fields, version: '1' });
    expect(answer.status).toBe(403);
    expect((await current(request)).state).toBe('pending');
  });

  test('does not exist for the approver of another partner, nor does an unknown one for anybody', async () => {
    const theirs = await submitted(portal.deps, 'theirs@fabrikam.com');
    const foreign = await submitted(portal.deps, 'foreign@other.com');
    const { fields } = await opened(lia, theirs);
    expect(fields.version).toBe('1');
    for (const [person, id] of [
      [lia, foreign.id],
      [arne, '00000000-0000-4000-8000-000000000000'],
      [arne, 'x'],
    ] as const) {
      expect((await person.get(`/admin/requests/${id}`)).status).toBe(404);
      for (const action of ['approve', 'deny', 'retry', 'hold', 'resend']) {
        const form = { _csrf: fields._csrf, version: '1', reason: 'No' };
        const own = person === lia ? form : { ...form, _csrf: (await opened(arne, theirs)).fields._csrf };
        const answer = await person.postRaw(`/admin/requests/${id}/${action}`, own);
        expect([action, answer.status]).toEqual([action, 404]);
      }
    }
    expect(await current(foreign)).toMatchObject({ state: 'pending', version: 1 });
  });

  test('of one that was denied says how it can go on, and where to add the partner to whoever may', async () => {
    const request = await submitted(portal.deps, 'next@stranger.com');
    const { fields } = await opened(arne, request);
    await arne.postRaw(`${pathOf(request)}/deny`, { ...fields, reason: 'Unknown' });
    const ada = await portal.staff('ada');
    for (const [person, mayAdd] of [
      [ada, true],
      [arne, false],
      [aud, false],
    ] as const) {
      const { text } = await person.get(pathOf(request));
      expect(textOf(text)).toContain('The person can ask again');
      expect(text.includes('href="/admin/partners/new"')).toBe(mayAdd);
    }
    const listed = await submitted(portal.deps, 'next@fabrikam.com');
    await arne.postRaw(`${pathOf(listed)}/deny`, { ...(await opened(arne, listed)).fields, reason: 'No' });
    expect((await ada.get(pathOf(listed))).text).not.toContain('/admin/partners/new');
  });

  test('says what holds it up so that an admin can mend it, with the doctor for what is the tenant’s', async () => {
    const request = await submitted(portal.deps, 'stuck@fabrikam.com');
    const doctorIn = (html: string) =>
      /<div\s+id="live"[\s\S]*?<h2>What the policy says/.exec(html)?.[0].includes('href="/admin/doctor"');
    for (const [code, sentence, ofTenant] of [
      ['invitationsOff', 'Change the external collaboration settings', true],
      ['mailRefused', 'Check the address with the partner', false],
      ['guestGone', 'The guest account has been deleted from the directory', false],
      // No version of the portal has had this one.
      ['unheardOf', 'The portal has no explanation for this code', false],
    ] as const) {
      await portal.deps.store.db
        .updateTable('request')
        .set({ state: 'held', problem: JSON.stringify({ code, detail: 'From Graph' }) })
        .where('id', '=', request.id)
        .execute();
      const { text } = await aud.get(pathOf(request));
      expect(textOf(text)).toContain(sentence);
      expect([code, doctorIn(text)]).toEqual([code, ofTenant]);
      expect(doctorIn((await arne.get(pathOf(request))).text)).toBe(false);
    }
  });

  test('offers approvers whose partner has lost the address nothing, as they would be refused', async () => {
    const request = await submitted(portal.deps, 'moved@fabrikam.com');
    const before = JSON.parse(portal.deps.policy.current().text) as {
      partners: { id: string; domains: string[] }[];
    };
    const partners = before.partners.map((partner) =>
      partner.id === 'other' ? { ...partner, domains: ['other.com', request.address] } : partner,
    );
    await putPolicy(portal, { ...before, partners });
    const { page, fields } = await opened(lia, request);
    expect([page.status, formsOf(page.text, request)]).toEqual([200, []]);
    expect((await lia.postRaw(`${pathOf(request)}/hold`, { ...fields, version: '1' })).status).toBe(403);
    expect(formsOf((await arne.get(pathOf(request))).text, request)).toContain('hold');
    await putPolicy(portal, before);
  });

  test('shows a delegated approver no request of another partner beside their own', async () => {
    const request = await submitted(portal.deps, 'alone@fabrikam.com');
    const { text } = await lia.get(pathOf(request));
    expect(textOf(text)).toContain('Latest requests from Fabrikam');
    expect(text).not.toContain('@other.com');
  });
});

describe('an approval', () => {
  test('begins with all that the policy grants, and gives what is left of it', async () => {
    const request = await submitted(portal.deps, 'less@fabrikam.com');
    const { page, fields } = await opened(lia, request);
    const boxes = [...page.text.matchAll(/type="checkbox" id="([\w-]+)"[^>]*checked/g)].map(([, id]) => id);
    expect(boxes).toEqual(['app-crm', 'app-wiki', 'group-wiki']);
    expect(textOf(page.text)).toContain('Contoso CRM includes: Group partners, Group crm');
    const answer = await lia.postRaw(`${pathOf(request)}/approve`, {
      ...fields,
      choose: 'grants',
      app: ['crm'],
    });
    expect([answer.status, answer.headers.location]).toEqual([303, pathOf(request)]);
    expect((await current(request)).review).toMatchObject({
      by: expect.stringMatching(new RegExp(`/${STAFF.lia}$`)) as string,
      partner: 'fabrikam',
      grants: { apps: ['crm'], groups: [] },
    });
    portal.startWorker();
    const guest = await waitFor('the guest', async () => {
      const row = await current(request);
      return row.state === 'provisioned' && portal.tenant.guest('less@fabrikam.com');
    });
    await portal.stopWorker();
    expect([guest.groups, guest.appRoles]).toEqual([[GROUPS.partners, GROUPS.crm], []]);
  });

  test('of more than the partner has, or of nothing, comes back with what was chosen and typed', async () => {
    const request = await submitted(portal.deps, 'more@fabrikam.com');
    const { fields } = await opened(arne, request);
    for (const chosen of [{ app: ['crm', 'nothing'], group: 'dynamic' }, {}]) {
      const answer = await arne.postRaw(`${pathOf(request)}/approve`, {
        ...fields,
        choose: 'grants',
        note: 'A long note',
        ...chosen,
      });
      expect(answer.status).toBe(422);
      expect(valueOf(answer.text, 'approveNote')).toBe('A long note');
      const boxes = [...answer.text.matchAll(/type="checkbox" id="([\w-]+)"[^>]*checked/g)].map(
        ([, id]) => id,
      );
      expect(boxes).toEqual('app' in chosen ? ['app-crm'] : []);
      expect(faultsOf(answer.text)).toHaveLength(1);
    }
    expect(await current(request)).toMatchObject({ state: 'pending', version: 1 });
  });

  test('of somebody whom no partner lists asks for the partner first', async () => {
    const request = await submitted(portal.deps, 'ana@stranger.com');
    const first = await arne.get(pathOf(request));
    expect(formsOf(first.text, request)).toEqual(['deny', 'hold']);
    const { text } = await arne.get(`${pathOf(request)}?partner=other`);
    expect(text).toContain('<input type="hidden" name="partner" value="other" />');
    const answer = await arne.postRaw(`${pathOf(request)}/approve`, { ...fieldsOf(text), partner: 'other' });
    expect(answer.status).toBe(303);
    expect(await current(request)).toMatchObject({ state: 'queued', partner: 'other' });
  });
});

describe('a denial', () => {
  test.each([
    ['no reason', { reason: ' ' }, ['denyReason', 'Enter a reason the person will understand']],
    [
      'a reason of novel length',
      { reason: 'x'.repeat(1001) },
      ['denyReason', 'Shorten this to 1000 characters or fewer'],
    ],
    [
      'a note of novel length',
      { reason: 'No', note: 'x'.repeat(2001) },
      ['denyNote', 'Shorten this to 2000 characters or fewer'],
    ],
    [
      'characters nobody sees',
      { reason: 'No\u0000' },
      ['denyReason', 'Remove the invisible characters: type this text instead of pasting it'],
    ],
  ])('with %s is not taken: the form comes back with what was typed', async (fact, typed, fault) => {
    const request = await submitted(portal.deps, `${fact.replaceAll(' ', '.')}@fabrikam.com`);
    const { fields } = await opened(arne, request);
    const answer = await arne.postRaw(`${pathOf(request)}/deny`, { ...fields, ...typed });
    expect(answer.status).toBe(422);
    expect(faultsOf(answer.text)).toEqual([fault]);
    expect(valueOf(answer.text, 'denyReason')).toBe(typed.reason.trim());
    expect(await current(request)).toMatchObject({ state: 'pending', version: 1 });
  });

  test('shows the partner the reason as text, and never the note', async () => {
    const sender = portal.visitor();
    const path = await sender.apply({ email: 'denied@fabrikam.com' });
    const request = await requestAt(portal, path);
    const { fields } = await opened(arne, request);
    const typed = { reason: '<script>alert(1)</script> ended', note: 'Troublemaker' };
    const answer = await arne.postRaw(`${pathOf(request)}/deny`, { ...fields, ...typed });
    expect(answer.status).toBe(303);
    const page = await sender.get(path);
    expect(page.text).toContain('&lt;script&gt;alert(1)&lt;/script&gt; ended');
    expect(page.text).not.toContain('Troublemaker');
    const { text } = await aud.get(pathOf(request));
    expect(textOf(text)).toContain('Troublemaker');
    expect(formsOf(text, request)).toEqual([]);
  });
});

describe('what was done', () => {
  test.each([
    ['approve', {}, 'Approved. The invitation is on its way.'],
    ['deny', { reason: 'Ended' }, 'Denied. The person can read your reason on the status page.'],
    ['hold', {}, 'Put on hold. Nothing happens until someone decides.'],
  ])('is said once after %s, with the way to the next that waits', async (action, typed, said) => {
    const request = await submitted(portal.deps, `said.${action}@fabrikam.com`);
    const next = await submitted(portal.deps, `next.${action}@fabrikam.com`);
    await arne.postRaw(`${pathOf(request)}/${action}`, { ...(await opened(arne, request)).fields, ...typed });
    // Another page, and the page that follows the work, leave it to this one.
    await arne.get('/admin/requests');
    await arne.get(`${pathOf(request)}?version=1&mark=x`);
    const { text } = await arne.get(pathOf(request));
    expect(flashIn(text)).toMatch(
      new RegExp(`^${said.replaceAll('.', '\\.')} Next request \\(\\d+ left\\)$`),
    );
    expect(text).toContain(`href="${pathOf(next)}" data-next`);
    expect(flashIn((await arne.get(pathOf(request))).text)).toBe('');
  });

  test('leads on only to what the person may decide, from the latest on to the oldest, and never to their own', async () => {
    const own = await submitted(portal.deps, 'lia.own@fabrikam.com');
    const { db } = portal.deps.store;
    const waiting = (addresses: string[], after: RequestRow | null) =>
      findNextPending(db, ['other'], addresses, after?.id ?? null);
    await db.deleteFrom('request').where('partner', '=', 'other').execute();
    expect(await waiting([], own)).toBeUndefined();
    const [one, two] = [
      await submitted(portal.deps, 'one@other.com'),
      await submitted(portal.deps, 'two@other.com'),
    ];
    expect(await waiting([], null)).toEqual({ id: one.id, waiting: 2 });
    expect(await waiting([], one)).toEqual({ id: two.id, waiting: 2 });
    expect(await waiting([], two)).toEqual({ id: one.id, waiting: 2 });
    expect(await waiting(['one@other.com'], two)).toEqual({ id: two.id, waiting: 1 });
  });
});

describe('a form that is stale', () => {
  test('is answered with both versions side by side, and nothing that was typed is lost', async () => {
    const request = await submitted(portal.deps, 'stale@fabrikam.com');
    const { fields } = await opened(arne, request);
    const other = await opened(lia, request);
    await lia.postRaw(`${pathOf(request)}/hold`, { ...other.fields, note: 'Asking legal' });
    const answer = await arne.postRaw(`${pathOf(request)}/deny`, {
      ...fields,
      reason: 'The project ended',
      note: 'Called <them>',
    });
    expect(answer.status).toBe(409);
    const words = textOf(/<div class="side-by-side">[\s\S]*?<p id="state"/.exec(answer.text)?.[0] ?? '');
    expect(words).toMatch(
      /What you saw .*Awaiting approval .*Version 1 .*deny .*The project ended .*Called <them>/,
    );
    expect(words).toMatch(/How it is now .*On hold .*Version 2/);
    expect(valueOf(answer.text, 'denyReason')).toBe('The project ended');
    expect(valueOf(answer.text, 'denyNote')).toBe('Called <them>');
    expect(await current(request)).toMatchObject({ state: 'held', version: 2, review: null });

    const again = await arne.postRaw(`${pathOf(request)}/deny`, {
      ...fieldsOf(answer.text),
      reason: 'Ended',
    });
    expect(again.status).toBe(303);
    expect((await current(request)).state).toBe('denied');
  });

  test('after somebody else’s decision says who decided what, and keeps the words although no form is left', async () => {
    const request = await submitted(portal.deps, 'twice@fabrikam.com');
    const { fields } = await opened(arne, request);
    const other = await opened(lia, request);
    await lia.postRaw(`${pathOf(request)}/approve`, other.fields);
    const answer = await arne.postRaw(`${pathOf(request)}/deny`, { ...fields, reason: 'The project ended' });
    expect(answer.status).toBe(409);
    const words = textOf(answer.text);
    expect(words).toMatch(/How it is now .*Approved by Lia/);
    expect(words).toContain('The project ended');
    expect(formsOf(answer.text, request)).toEqual(['hold']);
    expect(await current(request)).toMatchObject({ state: 'queued', version: 2 });
  });

  test.each(['', '0', '1.5', '-1', '1 or 1=1', '99999999999'])(
    'is refused where its version is %j',
    async (version) => {
      const request = await submitted(portal.deps, 'version@other.com');
      const { fields } = await opened(arne, request);
      const answer = await arne.postRaw(`${pathOf(request)}/approve`, { ...fields, version });
      expect(answer.status).toBe(400);
      expect((await current(request)).state).toBe('pending');
    },
  );
});

describe('several at once', () => {
  const decide = async (person: Visitor, fields: Record<string, unknown>) =>
    person.postRaw('/admin/requests/decide', {
      _csrf: (await opened(person, await submitted(portal.deps, 'csrf@fabrikam.com'))).fields._csrf,
      ...fields,
    });
  const named = (rows: RequestRow[]) => rows.map(({ id, version }) => `${id}:${version}`);

  test('fifty are approved at once in one answer, and provisioned afterwards', async () => {
    const rows = await Promise.all(
      Array.from({ length: 50 }, (_, index) => submitted(portal.deps, `many${index}@fabrikam.com`)),
    );
    await submitted(portal.deps, 'waits.on@fabrikam.com');
    const _csrf = (await opened(arne, rows[0] ?? { id: '' })).fields._csrf;
    const begun = performance.now();
    const answer = await arne.postRaw('/admin/requests/decide', {
      _csrf,
      action: 'approve',
      request: named(rows),
    });
    const took = performance.now() - begun;
    if (process.env.SHOW_FIGURES) process.stderr.write(`50 approvals: ${Math.round(took)} ms\n`);
    expect([answer.status, answer.headers.location]).toEqual([303, '/admin/requests']);
    const states = await findRequests(
      portal.deps.store.db,
      rows.map(({ id }) => id),
    );
    expect(states.filter(({ state }) => state === 'queued')).toHaveLength(50);
    expect(flashIn((await arne.get('/admin/requests')).text)).toMatch(
      /^Approved 50 requests. The invitations are on their way. Next request \(\d+ left\)$/,
    );
    expect(flashIn((await arne.get('/admin/requests')).text)).toBe('');
    const first = rows.slice(0, 3);
    portal.startWorker();
    await waitFor('the first to have access', async () => {
      const now = await findRequests(
        portal.deps.store.db,
        first.map(({ id }) => id),
      );
      return now.every(({ state }) => state === 'provisioned');
    });
    await portal.stopWorker();
  });

  test('what cannot be decided is named with its reason, and keeps nothing else back', async () => {
    const [good, stale, denied] = await Promise.all(
      ['good', 'stale2', 'denied2'].map((name) => submitted(portal.deps, `${name}@fabrikam.com`)),
    );
    const stranger = await submitted(portal.deps, 'bo@stranger.com');
    if (!good || !stale || !denied) throw new Error('not submitted');
    await decide(arne, { action: 'deny', request: named([denied]), reason: 'No' });
    const unknown = '00000000-0000-4000-8000-000000000000';
    const answer = await decide(arne, {
      action: 'approve',
      request: [...named([good, denied, stranger]), `${stale.id}:7`, `${unknown}:1`],
    });
    expect(answer.status).toBe(200);
    const words = textOf(answer.text);
    expect(words).toContain('Done for one request. 4 were left unchanged.');
    expect(words).toMatch(/bo@stranger\.com Awaiting approval No partner lists the address/);
    expect(words).toMatch(/stale2@fabrikam\.com Awaiting approval It has changed/);
    expect(words).toMatch(/denied2@fabrikam\.com Denied It has changed/);
    expect(words).toMatch(new RegExp(`${unknown} There is no such request`));
    expect((await current(good)).state).toBe('queued');
    expect((await current(denied)).review).toMatchObject({ outcome: 'denied', reason: 'No' });
  });

  test('a delegated approver learns nothing of another partner’s requests', async () => {
    const foreign = await submitted(portal.deps, 'secret@other.com');
    const answer = await decide(lia, { action: 'approve', request: named([foreign]) });
    expect(textOf(answer.text)).toContain(`${foreign.id} There is no such request`);
    expect(answer.text).not.toContain('secret@other.com');
    expect((await current(foreign)).state).toBe('pending');
  });

  test('is asked for first: who, how many, and who is left out and why, and nothing is decided', async () => {
    const [one, other] = [
      await submitted(portal.deps, 'ask1@fabrikam.com'),
      await submitted(portal.deps, 'ask2@fabrikam.com'),
    ];
    const foreign = await submitted(portal.deps, 'ask3@other.com');
    const query = new URLSearchParams([
      ['action', 'deny'],
      ['list', 'state=pending'],
      ['request', `${one.id}:1`],
      ['request', `${other.id}:7`],
      ['request', `${foreign.id}:1`],
    ]);
    const { status, text } = await lia.get(`/admin/requests/decide?${query.toString()}`);
    const words = textOf(/<div class="confirm"[\s\S]*<\/form>/.exec(text)?.[0] ?? '');
    expect(status).toBe(200);
    expect(words).toMatch(
      /^Deny one request\? Ana Lind ask1@fabrikam.com These 2 will be left as they are: /,
    );
    expect(words).toMatch(/ask2@fabrikam\.com It has changed since you opened the list/);
    expect(words).toContain(`${foreign.id} There is no such request`);
    expect(words).toMatch(/Deny one request Cancel /);
    expect(text).not.toContain('ask3@other.com');
    const form = formOf(text, '/admin/requests/decide');
    expect(form).toMatchObject({ action: 'deny', list: 'state=pending', request: `${one.id}:1` });
    expect((await current(one)).state).toBe('pending');
    const answer = await lia.postRaw('/admin/requests/decide', { ...form, reason: 'Ended' });
    expect([answer.status, answer.headers.location]).toEqual([303, '/admin/requests?state=pending']);
    expect((await current(one)).review).toMatchObject({ outcome: 'denied', reason: 'Ended' });
    expect((await current(other)).state).toBe('pending');
  });

  test('where nobody can be decided about has no button that decides', async () => {
    const stranger = await submitted(portal.deps, 'ask@stranger.com');
    const { text } = await arne.get(`/admin/requests/decide?action=approve&request=${stranger.id}:1`);
    expect(textOf(text)).toContain('No partner lists the address. Open the request and choose one.');
    expect(text).not.toMatch(/<button class="btn btn-primary"/);
  });

  test('without a reason comes back with the field at fault, and what was typed', async () => {
    const row = await submitted(portal.deps, 'reasonless@fabrikam.com');
    const answer = await decide(arne, {
      action: 'deny',
      request: named([row]),
      note: 'Called <them>',
      list: 'search=reasonless&sort=address',
    });
    expect(answer.status).toBe(422);
    expect(answer.text).toContain('<title>Error: Deny one request?');
    expect(faultsOf(answer.text)).toEqual([['reason', 'Enter a reason the person will understand']]);
    expect(answer.text).toContain('name="list" value="search=reasonless&amp;sort=address"');
    expect(valueOf(answer.text, 'note')).toBe('Called <them>');
    expect((await current(row)).state).toBe('pending');
  });

  test('of none brings the list back as it was filtered', async () => {
    await submitted(portal.deps, 'nothing@fabrikam.com');
    const asked = await arne.get('/admin/requests/decide?action=approve&list=search%3Dnothing');
    const sent = await decide(arne, { action: 'approve', reason: 'Ended', list: 'search=nothing' });
    for (const answer of [asked, sent]) {
      expect(answer.status).toBe(422);
      expect(textOf(answer.text)).toContain('Select at least one request');
      expect(valueOf(answer.text, 'search')).toBe('nothing');
    }
  });

  test.each([
    ['a list that there is not', 'state=approved'],
    ['a cursor that no page gave', 'cursor=x'],
    ['two lists', ['search=a', 'search=b']],
  ])('%s is refused', async (_, list) => {
    const row = await submitted(portal.deps, 'nolist@fabrikam.com');
    expect((await decide(arne, { action: 'approve', request: named([row]), list })).status).toBe(400);
    expect((await current(row)).state).toBe('pending');
  });

  test('a way back that leads elsewhere is none', async () => {
    const row = await submitted(portal.deps, 'away@fabrikam.com');
    const list = '//evil.example/?x=';
    const answer = await decide(arne, { action: 'hold', request: named([row]), list });
    expect(answer.text).not.toContain('evil.example');
    expect(answer.headers.location).toBe('/admin/requests');
  });

  test('none, more than two hundred, or what no list holds is refused', async () => {
    const row = await submitted(portal.deps, 'refused@fabrikam.com');
    const one = `${row.id}:1`;
    expect((await decide(arne, { action: 'approve' })).status).toBe(422);
    expect((await decide(arne, { action: 'approve', request: Array<string>(201).fill(one) })).status).toBe(
      422,
    );
    for (const request of ['x', row.id, `${row.id}:x`, `${row.id}:1:1`]) {
      expect((await decide(arne, { action: 'approve', request })).status).toBe(400);
    }
    expect((await decide(arne, { action: 'provision', request: one })).status).toBe(400);
    expect((await decide(aud, { action: 'approve', request: one })).status).toBe(403);
    expect(await current(row)).toMatchObject({ state: 'pending', version: 1 });
  });
});
