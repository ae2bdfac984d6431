import { meaningOf } from '../../../src/requests/problems.js';
import { aPartner, aPolicy } from '../../support/aPolicy.js';
import { findByToken } from '../../../src/requests/follow/follow.js';
import { startPortal, type TestPortal } from '../../support/portal.js';
import type { Visitor } from '../../support/visitor.js';
import { waitFor } from '../../support/waitFor.js';

// Every step times every kind of answer: nobody is left without an answer. The applicant is not told of a mail that nobody sends,
// staff read what Microsoft said and have something to do, and so does an operator who reads only the log.

let portal: TestPortal;
let ada: Visitor;

const DOMAIN = 'fabrikam.com';

beforeAll(async () => {
  portal = await startPortal({
    limits: { backoffSeconds: 0.05, replicationSeconds: 0.5, giveUpSeconds: 0.5, stepSeconds: 1 },
    policy: aPolicy({ partners: [aPartner({ apps: ['crm', 'wiki'], limits: { perHour: 1_000 } })] }),
  });
  ada = await portal.staff('ada');
});
afterAll(() => portal.close());
afterEach(async () => {
  await portal.tenant.clearFaults();
  await portal.deps.store.db.deleteFrom('pause').execute();
});

const STEPS = {
  'look-up': { on: 'graph', method: 'GET', path: '^/users' },
  invitation: { on: 'graph', method: 'POST', path: '^/invitations' },
  'reading a group': { on: 'graph', method: 'GET', path: '^/groups/' },
  'group member': { on: 'graph', method: 'POST', path: '/members/' },
  'reading an app': { on: 'graph', method: 'GET', path: '^/servicePrincipals/' },
  'app role': { on: 'graph', method: 'POST', path: 'appRoleAssignedTo' },
};
const WORDS = 'Words that nobody has seen before';
const refusal = (status: number, code = 'Request_BadRequest') => ({
  kind: 'status',
  status,
  body: { error: { code, message: WORDS } },
});
const ANSWERS = {
  '200 {}': { kind: 'status', status: 200, body: {} },
  '202': { kind: 'status', status: 202 },
  '301': { kind: 'status', status: 301, headers: { Location: 'https://localhost:1/' } },
  '400': refusal(400),
  '401': refusal(401, 'InvalidAuthenticationToken'),
  '403': refusal(403, 'Authorization_RequestDenied'),
  '404': refusal(404, 'Request_ResourceNotFound'),
  '409': refusal(409),
  '412': refusal(412),
  '418': refusal(418),
  '429': { ...refusal(429), headers: { 'Retry-After': '0' } },
  '500': refusal(500),
  HTML: { kind: 'html', status: 502 },
  'a cut connection': { kind: 'reset', when: 'before' },
  'too much': { kind: 'size', bytes: 8 * 1024 * 1024, packed: true },
};
const MAILS = {
  '450': { kind: 'refuse', code: 450, message: WORDS },
  '550': { kind: 'refuse', code: 550, message: WORDS },
  'a cut connection before': { kind: 'drop', when: 'before' },
  'a cut connection after': { kind: 'drop', when: 'after' },
};

const cases = [
  ...Object.entries(STEPS).flatMap(([step, on]) =>
    Object.entries(ANSWERS).map(([answer, fault]) => ({ step, answer, order: { ...on, fault } })),
  ),
  ...Object.entries(MAILS).map(([answer, fault]) => ({ step: 'mail', answer, order: { on: 'smtp', fault } })),
];
let next = 0;

test.each(cases)('$step answered with $answer leaves nobody without an answer', async ({ order }) => {
  await portal.tenant.fault({ ...order, domain: undefined, times: 0 });
  const email = `a${next++}@${DOMAIN}`;
  const visitor = portal.visitor();
  const path = await visitor.apply({ email });
  const { request } = await waitFor('the work to end', async () => {
    const followed = await findByToken(portal.deps, path.split('/').at(-1) ?? '');
    return followed.request.due_at === null && followed;
  });
  const mails = await portal.tenant.mailsTo(email);
  const { status } = await visitor.status(path);

  if (request.state === 'provisioned') {
    // Only what does not matter to the person can have failed.
    expect(status).toBe('answered');
    if (order.on === 'smtp') expect(mails.length).toBeLessThanOrEqual(1);
    else expect(mails).toHaveLength(1);
    if (request.problem) expect(request.problem.code).toBe('mailUnconfirmed');
    return;
  }
  const { code, detail = '' } = request.problem ?? { code: 'internal' };
  const { staff, mailed } = meaningOf(code);
  // The person: an answer by mail, or the truth that it takes longer.
  if (mailed) await waitFor('the answer', async () => (await portal.tenant.mailsTo(email)).length === 1);
  expect(status).toBe(mailed ? 'answered' : 'delayed');
  // Staff: why, with Microsoft's words, and something to do.
  expect(['nothing', 'wait']).not.toContain(staff);
  const page = (await ada.get(`/admin/requests/${request.id}`)).text;
  expect(page).toMatch(/action="[^"]+\/retry"/);
  if (JSON.stringify(order).includes(WORDS)) expect(page).toContain(WORDS);
  // The log: the same, without an address.
  const lines = portal.logged().filter((line) => line.requestId === request.id && line.problem === code);
  expect(lines.some(({ reason }) => typeof reason === 'string' && reason !== '')).toBe(true);
  expect(lines.some(({ msg }) => String(msg).includes('goes no further'))).toBe(true);
  expect(JSON.stringify(lines)).not.toContain('@');
  expect(detail).not.toBe('');
});
