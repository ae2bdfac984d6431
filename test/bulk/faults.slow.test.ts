import { startRun } from '../../src/bulk/runs.js';
import { aPartner, aPolicy, UNPACED } from '../support/aPolicy.js';
import { BY, countsOf, previewOf, untilRun } from '../support/aRun.js';
import { startPortal, type TestPortal } from '../support/portal.js';
import { waitFor } from '../support/waitFor.js';

// What goes wrong in the middle of a run costs time, and nobody: one guest and one mail for each row in the end.

let portal: TestPortal;

beforeAll(async () => {
  portal = await startPortal({
    policy: aPolicy({ partners: [aPartner({ limits: UNPACED })] }),
    limits: { bulk: { width: 8, perMinute: 100_000, mailsPerMinute: 100_000 } },
  });
});
afterAll(() => portal.close());

const people = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}@fabrikam.com`);

async function expectEachOnce(addresses: readonly string[]): Promise<void> {
  const calls = await portal.tenant.graphCalls('POST', /\/invitations$/);
  for (const address of addresses) {
    const invited = calls.filter(
      ({ requestBody, status }) =>
        status === 201 &&
        (requestBody as { invitedUserEmailAddress: string }).invitedUserEmailAddress === address,
    );
    expect(invited).toHaveLength(1);
    expect(await portal.tenant.mailsTo(address)).toHaveLength(1);
  }
}

test('a tenth of what Graph lets us write', async () => {
  // 300 at once and 2 a second: a run that counts by the documented limits is refused for a while.
  await portal.tenant.settings({ writesPer150s: 300 });
  const addresses = people('slow', 120);
  const id = await previewOf(portal, `Email\n${addresses.join('\n')}`);
  await startRun(portal.deps, id, BY);
  await waitFor('the run to end', async () => (await countsOf(portal, id)).provisioned === 120, 180_000);
  await untilRun(portal, id, 'done');
  await expectEachOnce(addresses);
}, 240_000);

test('a mail server that is away for a while', async () => {
  await portal.tenant.settings({ writesPer150s: 1_000_000_000 });
  const fault = { kind: 'refuse', code: 421, message: 'Service not available' };
  await portal.tenant.fault({ on: 'smtp', fault, times: 0 });
  const addresses = people('mute', 30);
  const id = await previewOf(portal, `Email\n${addresses.join('\n')}`);
  await startRun(portal.deps, id, BY);
  await new Promise((resolve) => setTimeout(resolve, 8_000));
  expect((await countsOf(portal, id)).queued).toBe(30);
  await portal.tenant.clearFaults();
  await waitFor('the run to end', async () => (await countsOf(portal, id)).provisioned === 30, 120_000);
  await expectEachOnce(addresses);
}, 180_000);
