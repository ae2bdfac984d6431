import { aPartner, aPolicy, GROUPS } from '../../support/aPolicy.js';
import { signUpUntil } from '../../support/journey.js';
import { startPortal, type TestPortal } from '../../support/portal.js';

// The grants of one guest go abreast, and what they are checked for is asked once for all guests.

let portal: TestPortal;

beforeAll(async () => {
  portal = await startPortal({
    policy: aPolicy({
      apps: {},
      partners: [
        aPartner({
          apps: [],
          groups: ['crm', 'wiki', 'partners'],
          invitation: { redirectUrl: 'https://start.contoso.com' },
        }),
      ],
    }),
  });
});
afterAll(() => portal.close());

const joins = (group: string) => portal.tenant.graphCalls('POST', new RegExp(`${group}/members`));

test('a group is read once for several guests', async () => {
  for (const name of ['ana', 'ben', 'cy']) await signUpUntil(portal, 'provisioned', `${name}@fabrikam.com`);
  for (const group of [GROUPS.crm, GROUPS.wiki, GROUPS.partners]) {
    expect(await portal.tenant.graphCalls('GET', new RegExp(`groups/${group}$`))).toHaveLength(1);
    expect(await joins(group)).toHaveLength(3);
  }
});

test('a group that does not answer does not keep the guest out of the others, and is read again before another attempt', async () => {
  const path = `^/groups/${GROUPS.crm}/members`;
  await portal.tenant.fault({ on: 'graph', method: 'POST', path, fault: { kind: 'status', status: 503 } });
  await signUpUntil(portal, 'provisioned', 'dora@fabrikam.com');
  expect(await joins(GROUPS.crm)).toHaveLength(5);
  expect(await joins(GROUPS.wiki)).toHaveLength(4);
  expect(await portal.tenant.graphCalls('GET', new RegExp(`groups/${GROUPS.crm}$`))).toHaveLength(2);
  expect(await portal.tenant.graphCalls('GET', new RegExp(`groups/${GROUPS.wiki}$`))).toHaveLength(1);
});
