import { aPartner, aPolicy, PORTAL, WIKI } from '../support/aPolicy.js';
import { signUpUntil } from '../support/journey.js';
import { startPortal, type TestPortal } from '../support/portal.js';

// Whoever may edit the policy, or the file, must not thereby hand out power over the portal itself.

let portal: TestPortal;

afterEach(() => portal.close());

const policyWith = (ids: object) =>
  aPolicy({
    apps: { sheets: { name: 'Time sheets', url: 'https://time.contoso.com', ...ids } },
    partners: [aPartner({ apps: ['sheets'] })],
  });

test('an app that is the portal itself can be chosen by nobody and cannot be saved', async () => {
  portal = await startPortal({ policy: policyWith(WIKI) });
  const ada = await portal.staff('ada');
  const { text: found } = await ada.get('/admin/pickers/apps?q=Partner');
  expect(found).toContain('the portal itself');
  expect(found).not.toContain(`value="${PORTAL.servicePrincipalId}"`);

  const text = JSON.stringify(policyWith(PORTAL));
  const base = portal.deps.policy.current().hash;
  const refused = await ada.post('/admin/policy/save', { base, text }, { from: '/admin/policy' });
  expect(refused.status).toBe(422);
  expect(refused.text).toContain('a role in this portal itself would make guests its admins');
  expect(portal.deps.policy.current().hash).toBe(base);
});

test('one that stands in the file is given to nobody', async () => {
  portal = await startPortal({ policy: policyWith(PORTAL) });
  const { reason } = await signUpUntil(portal, 'held', 'ana@fabrikam.com');
  expect(reason).toBe('appUnusable');
  expect((await portal.tenant.guest('ana@fabrikam.com'))?.appRoles).toEqual([]);
});
