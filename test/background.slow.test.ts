import { aPartner, aPolicy } from './support/aPolicy.js';
import { startPortal, type TestPortal } from './support/portal.js';
import { proofMailTo } from './support/proofMail.js';
import { STAFF } from './support/staff.js';
import { waitFor } from './support/waitFor.js';

let portal: TestPortal;

/** After it what hung goes on: whoever had to wait for it comes behind it. */
const HANG_MS = 5_000;

beforeEach(async () => {
  portal = await startPortal({
    policy: aPolicy({
      partners: [
        aPartner({ id: 'wingtip', name: 'Wingtip Toys', domains: ['wingtiptoys.com'], proof: 'mailbox' }),
        aPartner({ id: 'lia', domains: ['lia.com'], approval: 'manual', approvers: [STAFF.lia] }),
      ],
    }),
  });
});
afterEach(() => portal.close());

const told = async (address: string) => (await portal.tenant.mailsTo(address)).length > 0;

/** Signs somebody up whose mail hangs. */
async function hang(email: string): Promise<void> {
  await portal.tenant.fault({ on: 'smtp', fault: { kind: 'hang', ms: HANG_MS } });
  await portal.visitor().apply({ email });
  await waitFor(`the mail to ${email} to hang`, async () => {
    const faults = await fetch(`${portal.tenant.peopleUrl}/control/faults`);
    return ((await faults.json()) as unknown[]).length === 0;
  });
}

test('a mail that hangs keeps nobody waiting for theirs', async () => {
  await hang('first@wingtiptoys.com');
  await portal.visitor().apply({ email: 'second@wingtiptoys.com' });
  await proofMailTo(portal, 'second@wingtiptoys.com');
  expect(await told('first@wingtiptoys.com')).toBe(false);
});

test('whoever waits for a code does not wait until Graph has told who the approvers of others are', async () => {
  await portal.tenant.fault({ on: 'graph', times: 0, fault: { kind: 'hang', when: 'before', ms: HANG_MS } });
  await portal.visitor().apply({ email: 'ana@lia.com' });
  const asked = portal.deps.store.db.selectFrom('notice').where('kind', '=', 'waiting').select('state');
  await waitFor('Graph to be asked', async () => (await asked.execute())[0]?.state === 'sending');
  await portal.visitor().apply({ email: 'ana@wingtiptoys.com' });
  await proofMailTo(portal, 'ana@wingtiptoys.com');
  expect(await asked.execute()).toEqual([{ state: 'sending' }]);
});

test('approvers are told while mails to applicants hang', async () => {
  const waiting = ['one@wingtiptoys.com', 'two@wingtiptoys.com', 'three@wingtiptoys.com'];
  for (const email of waiting) await hang(email);
  await portal.visitor().apply({ email: 'ana@lia.com' });
  await waitFor('the mail to Lia', () => told('lia@contoso.com'));
  expect(await Promise.all(waiting.map(told))).toEqual([false, false, false]);
});
