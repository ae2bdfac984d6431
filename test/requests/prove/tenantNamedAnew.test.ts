import { requestAt } from '../../support/ageRequest.js';
import { aPolicy } from '../../support/aPolicy.js';
import { PARTNER_PEOPLE, PROSEWARE_TENANT, proseware } from '../../support/partnerPeople.js';
import { startPortal, type TestPortal } from '../../support/portal.js';
import { putPolicy } from '../../support/putPolicy.js';
import { answerFrom } from '../../support/staff.js';

// A tenant that the policy names wrongly may prove things for as long as it is named, and no longer.

const OTHER_TENANT = '9205e000-0000-4000-8000-00000000dead';
const naming = (tenantId: string) => aPolicy({ partners: [proseware({ approval: 'manual', tenantId })] });

let portal: TestPortal;

beforeAll(async () => {
  portal = await startPortal({ worker: false, policy: naming(PROSEWARE_TENANT) });
});
afterAll(() => portal.close());

test('an approver cannot approve past the sign-in at a tenant that the policy names no more', async () => {
  const pia = portal.visitor();
  const path = await pia.apply({ email: 'pia@proseware.com', company: 'Proseware' });
  const begin = path.replace('/requests/', '/verify/tenant/');
  await pia.get(await answerFrom(pia, portal.tenant, PARTNER_PEOPLE.pia, begin));
  const { id, state } = await requestAt(portal, path);
  expect(state).toBe('pending');
  const ada = await portal.staff('ada');
  const page = `/admin/requests/${id}`;
  const form = (await ada.get(page)).text;
  const version = /name="version" value="([^"]+)"/.exec(form)?.[1] ?? '';
  const approve = async () => (await ada.post(`${page}/approve`, { version }, { from: page })).status;

  await putPolicy(portal, naming(OTHER_TENANT));
  expect(await approve()).toBe(409);
  expect((await requestAt(portal, path)).state).toBe('pending');

  // The same tenant in another spelling is the same tenant.
  await putPolicy(portal, naming(PROSEWARE_TENANT.toUpperCase()));
  expect(await approve()).toBe(303);
  expect((await requestAt(portal, path)).state).toBe('queued');
});
