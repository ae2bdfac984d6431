import { randomBytes } from 'node:crypto';
import { prove } from '../../../../src/requests/prove/prove.js';
import { findRequest } from '../../../../src/store/requests.js';
import type { Proof, RequestRow } from '../../../../src/store/schema.js';
import { aPartner, aPolicy } from '../../../support/aPolicy.js';
import { formOf } from '../../../support/formOf.js';
import { textOf } from '../../../support/page.js';
import { startPortal, type TestPortal } from '../../../support/portal.js';
import { putPolicy } from '../../../support/putPolicy.js';
import { submitted } from '../../../support/reviewers.js';
import type { Visitor } from '../../../support/visitor.js';

// What those who decide see of the proof, and that nobody gets past one that is missing.

const asking = (proof: string, overrides: object = {}) =>
  aPolicy({ partners: [aPartner({ approval: 'manual', proof, ...overrides })] });

let portal: TestPortal;
let arne: Visitor;

beforeAll(async () => {
  portal = await startPortal({ worker: false });
  arne = await portal.staff('arne');
});
afterAll(() => portal.close());

const pathOf = ({ id }: Pick<RequestRow, 'id'>) => `/admin/requests/${id}`;
const current = async ({ id }: Pick<RequestRow, 'id'>) => findRequest(portal.deps.store.db, id);
const shown = (kind: Proof['kind'], by?: string): Proof => ({
  kind,
  at: new Date().toISOString(),
  browser: randomBytes(32).toString('hex'),
  ...(by !== undefined && { by }),
});
const panelOf = (html: string) =>
  textOf(/<section class="card panel" id="proof">[\s\S]*?<\/section>/.exec(html)?.[0] ?? '');

/** Sends the form of an action as it stands on the page. */
async function decide(request: Pick<RequestRow, 'id'>, action: string, fields: object = {}) {
  const { text } = await arne.get(pathOf(request));
  return arne.postRaw(`${pathOf(request)}/${action}`, {
    ...formOf(text, `${pathOf(request)}/${action}`),
    ...fields,
  });
}

describe('a request that nobody has proved', () => {
  test.each([
    ['mailbox', 'open the link in the email, or to enter its code'],
    ['tenant', 'sign in at their own organisation'],
  ])('says what it waits for: %s', async (proof, words) => {
    await putPolicy(portal, asking(proof));
    const request = await submitted(portal.deps, `waits.${proof}@fabrikam.com`);
    expect(request.state).toBe('unproven');
    const { text } = await arne.get(pathOf(request));
    expect(text).toContain('<h3>When it was received</h3>');
    expect(panelOf(text)).toContain(words);
    const lapses = new Date(request.created_at.getTime() + portal.deps.limits.lapseSeconds * 1000);
    expect(text).toContain(`Expires automatically: <time datetime="${lapses.toISOString()}">`);
    expect(textOf(text)).toContain('Nobody can approve this request until the person has proved');
    expect(text).not.toContain(`${pathOf(request)}/approve`);
  });

  test('says what its own page asks for when the policy has come to want another proof', async () => {
    await putPolicy(portal, asking('mailbox'));
    const request = await submitted(portal.deps, 'changed@fabrikam.com');
    await putPolicy(portal, asking('tenant'));
    expect(panelOf((await arne.get(pathOf(request))).text)).toContain('sign in at their own organisation');
  });

  test('cannot be approved, by whatever form: 409, and it waits on', async () => {
    await putPolicy(portal, asking('mailbox'));
    const request = await submitted(portal.deps, 'past@fabrikam.com');
    const { text } = await arne.get(pathOf(request));
    const { _csrf } = formOf(text, `${pathOf(request)}/deny`);
    for (const action of ['approve', 'retry', 'hold']) {
      const answer = await arne.postRaw(`${pathOf(request)}/${action}`, { _csrf, version: request.version });
      expect([action, answer.status]).toEqual([action, 409]);
      expect(textOf(answer.text)).toContain("This can't be done with the request as it is now");
    }
    expect(await current(request)).toMatchObject({
      state: 'unproven',
      version: request.version,
      review: null,
    });
  });

  test('can be closed; nobody is mailed, and what is shown afterwards counts no more', async () => {
    await putPolicy(portal, asking('mailbox'));
    const request = await submitted(portal.deps, 'closed@fabrikam.com');
    expect(textOf((await arne.get(pathOf(request))).text)).toContain(
      'Nobody gets an email, because nobody has proved',
    );
    expect((await decide(request, 'deny', { reason: 'Not a person' })).status).toBe(303);
    expect(await current(request)).toMatchObject({ state: 'denied', review: { reason: 'Not a person' } });
    const notices = await portal.deps.store.db
      .selectFrom('notice')
      .select('kind')
      .where('request_id', '=', request.id)
      .where('kind', '=', 'denied')
      .execute();
    expect(notices).toEqual([]);
    await expect(prove(portal.deps, request.id, shown('mailbox'))).rejects.toMatchObject({ id: 'conflict' });
    expect(await current(request)).toMatchObject({ state: 'denied', proof: null });
  });

  test('several are closed at once, and approving several leaves it as it was', async () => {
    await putPolicy(portal, asking('mailbox'));
    const one = await submitted(portal.deps, 'one@fabrikam.com');
    const other = await submitted(portal.deps, 'other@fabrikam.com');
    const decideBoth = async (fields: object) =>
      arne.postRaw('/admin/requests/decide', {
        _csrf: await arne.csrf('/admin/requests'),
        request: [one, other].map(({ id, version }) => `${id}:${version}`),
        ...fields,
      });
    const approved = await decideBoth({ action: 'approve' });
    expect(textOf(approved.text)).toContain('2 were left unchanged.');
    expect((await current(one))?.state).toBe('unproven');
    expect((await decideBoth({ action: 'deny', reason: 'Nobody' })).status).toBe(303);
    expect((await current(other))?.state).toBe('denied');
  });
});

describe('what was shown', () => {
  test('the mailbox: what it was and when, never in which browser', async () => {
    await putPolicy(portal, asking('mailbox'));
    const request = await submitted(portal.deps, 'shown@fabrikam.com');
    const proof = shown('mailbox');
    await prove(portal.deps, request.id, proof);
    const { text } = await arne.get(pathOf(request));
    expect(panelOf(text)).toContain('That the mailbox is theirs, with the code or link from the email');
    expect(text).toContain(`<time datetime="${proof.at}">`);
    expect(text).not.toContain(proof.browser);
    expect(textOf(text)).toContain('Proved that the address is theirs');
    // The decision that was made when it came is written over by that one.
    expect(text).toContain('<h3>When the proof was given</h3>');
    expect(text).not.toContain('<h3>When it was received</h3>');
    expect((await decide(request, 'approve')).status).toBe(303);
    expect(await current(request)).toMatchObject({ state: 'queued' });
  });

  test('the home organisation: whose account it was', async () => {
    await putPolicy(portal, asking('tenant'));
    const request = await submitted(portal.deps, 'signed@fabrikam.com');
    const [tenant, person] = ['fab00000-0000-4000-8000-000000000001', '66666666-0000-4000-8000-000000000001'];
    await prove(portal.deps, request.id, shown('tenant', `${tenant}/${person}`));
    const panel = panelOf((await arne.get(pathOf(request))).text);
    expect(panel).toContain(`Tenant ${tenant} Object ID there ${person}`);
  });
});

describe('a policy that begins to ask for proof', () => {
  test('keeps a request that came without from being approved, until its person has shown it', async () => {
    await putPolicy(portal, asking('invitation'));
    const request = await submitted(portal.deps, 'before@fabrikam.com');
    expect(request.state).toBe('pending');
    const opened = formOf((await arne.get(pathOf(request))).text, `${pathOf(request)}/approve`);

    await putPolicy(portal, asking('mailbox'));
    const { text } = await arne.get(pathOf(request));
    expect(panelOf(text)).toContain('This request came without');
    expect(textOf(text)).toContain("The policy in force requires proof that this person hasn't given");
    expect(text).toContain(`action="${pathOf(request)}/deny"`);
    expect(text).not.toContain(`action="${pathOf(request)}/approve"`);
    // A form that was open before, and the list.
    const late = await arne.postRaw(`${pathOf(request)}/approve`, opened);
    expect(late.status).toBe(409);
    expect(textOf(late.text)).toContain('Ask them to sign up again, or deny the request.');
    const several = await arne.postRaw('/admin/requests/decide', {
      _csrf: await arne.csrf('/admin/requests'),
      request: `${request.id}:${request.version}`,
      action: 'approve',
    });
    expect(textOf(several.text)).toContain("The policy requires proof that the person hasn't given");
    expect(await current(request)).toMatchObject({ state: 'pending', review: null });

    const again = await submitted(portal.deps, 'before@fabrikam.com');
    expect(again).toMatchObject({ state: 'unproven' });
    expect(again.id).not.toBe(request.id);
    await prove(portal.deps, again.id, shown('mailbox'));
    expect(await current(again)).toMatchObject({ state: 'lapsed' });
    const noted = (await arne.get(pathOf(request))).text;
    expect(panelOf(noted)).toContain('That the mailbox is theirs');
    // Noted only: what was decided at first still stands.
    expect(noted).toContain('<h3>When it was received</h3>');
    expect((await decide(request, 'approve')).status).toBe(303);
    expect(await current(request)).toMatchObject({ state: 'queued' });
  });

  test.each(['provisioned', 'denied'] as const)('says nothing of one that is %s', async (state) => {
    await putPolicy(portal, asking('invitation'));
    const request = await submitted(portal.deps, `${state}@fabrikam.com`);
    await portal.deps.store.db.updateTable('request').set({ state }).where('id', '=', request.id).execute();
    await putPolicy(portal, asking('tenant'));
    expect((await arne.get(pathOf(request))).text).not.toContain('id="proof"');
  });
});
