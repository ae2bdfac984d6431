import { failure, startHarness, type Harness } from './harness.js';

// What the tenant has bought, who signed in, and its log of changes.

type Item = Record<string, unknown>;
type Page = { value: Item[]; '@odata.nextLink'?: string };

const READER = ['User.Read.All', 'LicenseAssignment.Read.All', 'AuditLog.Read.All'];
const SIGN_INS = "/users?$filter=userType eq 'Guest'&$select=id,mail,signInActivity";
const AUDITS = '/auditLogs/directoryAudits';
const DAY_MS = 24 * 3_600_000;

let harness: Harness;

beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.simulator.close());
beforeEach(async () => {
  await harness.control('POST', '/reset');
  await permit(READER);
});

const get = (path: string, headers: Record<string, string> = {}) =>
  harness.graph.api(path).headers(headers).get() as Promise<Page>;
const permit = (permissions: string[]) => harness.settings({ permissions });
const without = (name: string) => READER.filter((one) => one !== name);

describe('subscribedSkus', () => {
  beforeEach(() =>
    harness.settings({
      subscriptions: [
        {
          skuPartNumber: 'SPE_E5',
          capabilityStatus: 'Warning',
          enabled: 0,
          warning: 4,
          suspended: 0,
          plans: ['p1', 'p2'],
          provisioningStatus: 'Success',
        },
      ],
    }),
  );

  it('names the plans of a product, and its units by state', async () => {
    const { value } = await get('/subscribedSkus');
    expect(value).toMatchObject([
      {
        skuPartNumber: 'SPE_E5',
        capabilityStatus: 'Warning',
        prepaidUnits: { enabled: 0, warning: 4, suspended: 0 },
        servicePlans: [
          { servicePlanId: '41781fb2-bc02-4b7c-bd55-b576c07bb09d', provisioningStatus: 'Success' },
          { servicePlanId: 'eec0eb4f-6444-4f95-aba0-50c24d67f998', provisioningStatus: 'Success' },
        ],
      },
    ]);
  });

  it('takes no $filter', async () => {
    expect(await failure(get("/subscribedSkus?$filter=skuPartNumber eq 'SPE_E5'"))).toMatchObject({
      statusCode: 400,
    });
  });

  it('takes its permission', async () => {
    await permit(without('LicenseAssignment.Read.All'));
    expect(await failure(get('/subscribedSkus'))).toMatchObject({ statusCode: 403 });
  });
});

describe('sign-ins of users', () => {
  beforeEach(async () => {
    await harness.control('POST', '/users', {
      mail: 'seen@fabrikam.com',
      signedInAt: '2026-11-10T08:00:00Z',
    });
    await harness.control('POST', '/users', { mail: 'never@fabrikam.com' });
  });

  it('tell a successful one from a failed one', async () => {
    const { value } = await get(SIGN_INS);
    expect(value.find(({ mail }) => mail === 'seen@fabrikam.com')).toMatchObject({
      signInActivity: {
        lastSuccessfulSignInDateTime: '2026-11-10T08:00:00Z',
        lastSignInDateTime: '2026-11-10T09:00:00Z',
      },
    });
    expect(value.find(({ mail }) => mail === 'never@fabrikam.com')?.signInActivity ?? null).toBeNull();
  });

  it('take a permission, and a licence of the tenant', async () => {
    await harness.settings({ premium: false });
    expect(await failure(get(SIGN_INS))).toMatchObject({
      statusCode: 403,
      code: 'Authentication_RequestFromNonPremiumTenantOrB2CTenant',
    });
    await permit(without('AuditLog.Read.All'));
    expect(await failure(get(SIGN_INS))).toMatchObject({
      statusCode: 403,
      code: 'Authentication_MSGraphPermissionMissing',
    });
  });

  it('come in pages of 500 at most', async () => {
    expect(await failure(get(`${SIGN_INS}&$top=501`))).toMatchObject({ statusCode: 400 });
    expect((await get(`${SIGN_INS}&$top=500`)).value).toHaveLength(2);
  });

  it('are left out of large pages of an advanced query, as if nobody had signed in', async () => {
    const eventual = { ConsistencyLevel: 'eventual' };
    const large = await get(`${SIGN_INS}&$count=true&$top=121`, eventual);
    expect(large.value).toHaveLength(2);
    for (const user of large.value) expect(user).not.toHaveProperty('signInActivity');
    const small = await get(`${SIGN_INS}&$count=true&$top=120`, eventual);
    expect(small.value.some((user) => 'signInActivity' in user)).toBe(true);
  });
});

describe('directoryAudits', () => {
  const target = '11111111-0000-4000-8000-000000000001';
  const add = (ago: number, activity: string) =>
    harness.control('POST', '/audits', [
      { at: new Date(Date.now() - ago).toISOString(), activity, target, billed: true },
    ]);

  it('has the entries of thirty days, the newest first, and says what was billed', async () => {
    await add(31 * DAY_MS, 'Old');
    await add(29 * DAY_MS, 'Assign');
    await add(60_000, 'Run workflow');
    const { value } = await get(AUDITS);
    expect(value.map((entry) => entry.activityDisplayName)).toEqual(['Run workflow', 'Assign']);
    expect(value[0]?.additionalDetails).toEqual([
      { key: 'TargetUserType', value: 'Guest' },
      { key: 'GovernanceLicenseFeatureUsed', value: 'True' },
    ]);
  });

  it('takes a permission', async () => {
    await permit(without('AuditLog.Read.All'));
    expect(await failure(get(AUDITS))).toMatchObject({ statusCode: 403 });
  });

  it('answers five calls in ten seconds, and says when the next one may come', async () => {
    for (let call = 0; call < 5; call += 1) await get(AUDITS);
    const refused = await failure(get(AUDITS));
    expect(refused).toMatchObject({ statusCode: 429 });
    const seconds = Number(refused.headers?.get('Retry-After'));
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(10);
  });
});
