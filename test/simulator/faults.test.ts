import nodemailer from 'nodemailer';
import { failure, newCredential, newShippedClient, startHarness, type Harness } from './harness.js';

let harness: Harness;

beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.simulator.close());
beforeEach(() => harness.control('POST', '/reset'));

const guests = async () => (await harness.state()).users.filter((user) => user.userType === 'Guest').length;
const lastInvitation = async () =>
  (await harness.ledger()).findLast((entry) => entry.path === '/v1.0/invitations');

describe('a fault of Graph', () => {
  const invitation = { on: 'graph' as const, method: 'POST', path: '^/invitations$' };

  it('status: is answered instead, unprocessed, as often as ordered', async () => {
    await harness.fault({
      ...invitation,
      times: 2,
      fault: { kind: 'status', status: 503, headers: { 'Retry-After': '7' }, body: { error: { code: 'x' } } },
    });
    expect(await failure(harness.invite('ann@fabrikam.com'))).toMatchObject({ statusCode: 503 });
    expect(await failure(harness.invite('ann@fabrikam.com'))).toMatchObject({ statusCode: 503 });
    expect(await lastInvitation()).toMatchObject({
      status: 503,
      processed: false,
      delivered: true,
      responseHeaders: { 'retry-after': '7' },
    });
    expect(await guests()).toBe(0);
    await harness.invite('ann@fabrikam.com');
  });

  it('strikes only the calls it names', async () => {
    await harness.fault({ ...invitation, times: 0, fault: { kind: 'status', status: 500 } });
    await harness.graph.api('/groups').get();
    await failure(harness.invite('ann@fabrikam.com'));
    await failure(harness.invite('ann@fabrikam.com'));
    await harness.control('DELETE', '/faults');
    await harness.invite('ann@fabrikam.com');
  });

  it('reset before: nothing happened', async () => {
    await harness.fault({ ...invitation, fault: { kind: 'reset', when: 'before' } });
    expect(await failure(harness.invite('ann@fabrikam.com'))).toMatchObject({ statusCode: -1 });
    expect(await lastInvitation()).toMatchObject({ status: 0, processed: false, delivered: false });
    expect(await guests()).toBe(0);
  });

  it('reset after: the guest exists, but the caller has no answer', async () => {
    await harness.fault({ ...invitation, fault: { kind: 'reset', when: 'after' } });
    expect(await failure(harness.invite('ann@fabrikam.com'))).toMatchObject({ statusCode: -1 });
    expect(await lastInvitation()).toMatchObject({ status: 201, processed: true, delivered: false });
    expect(await guests()).toBe(1);
  });

  it.each([
    ['before', 0],
    ['after', 1],
  ])('hang %s: a caller that gives up leaves %i guests', async (when, expected) => {
    await harness.fault({ ...invitation, fault: { kind: 'hang', when, ms: 400 } });
    const { token } = await harness.credential.getToken('https://graph.microsoft.com/.default');
    const call = fetch(`${harness.simulator.graphUrl}/v1.0/invitations`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        invitedUserEmailAddress: 'ann@fabrikam.com',
        inviteRedirectUrl: 'https://crm.contoso.com',
      }),
      signal: AbortSignal.timeout(150),
    });
    await expect(call).rejects.toThrow();
    await harness.invite('after@fabrikam.com');
    expect(await guests()).toBe(1 + expected);
    const [first] = (await harness.ledger()).filter((entry) => entry.path === '/v1.0/invitations');
    expect(first).toMatchObject({ processed: expected === 1, delivered: false });
  });

  it('hang: a patient caller is answered', async () => {
    await harness.fault({ ...invitation, fault: { kind: 'hang', when: 'before', ms: 50 } });
    await harness.invite('ann@fabrikam.com');
    expect(await lastInvitation()).toMatchObject({ processed: true, delivered: true });
  });

  it('truncate: processed, but half an answer', async () => {
    await harness.fault({ ...invitation, fault: { kind: 'truncate' } });
    await failure(harness.invite('ann@fabrikam.com'));
    expect(await lastInvitation()).toMatchObject({ status: 201, processed: true, delivered: false });
    expect(await guests()).toBe(1);
  });

  it('html: a page where JSON was expected', async () => {
    await harness.fault({ ...invitation, fault: { kind: 'html', status: 502 } });
    expect(await failure(harness.invite('ann@fabrikam.com'))).toMatchObject({ statusCode: 502, code: null });
    expect(await guests()).toBe(0);
  });

  it('shows that the client as shipped repeats a POST', async () => {
    await harness.fault({
      ...invitation,
      fault: { kind: 'status', status: 503, headers: { 'Retry-After': '0' } },
    });
    const shipped = newShippedClient(harness.simulator, harness.credential);
    await shipped
      .api('/invitations')
      .post({ invitedUserEmailAddress: 'ann@fabrikam.com', inviteRedirectUrl: 'https://crm.contoso.com' });
    expect((await harness.ledger()).filter((entry) => entry.path === '/v1.0/invitations')).toHaveLength(2);
  });

  it('that makes no sense is refused', async () => {
    for (const order of [
      { on: 'graph', fault: { kind: 'refuse', code: 451, message: '' } },
      { on: 'graph', path: '(', fault: { kind: 'truncate' } },
      { on: 'mars', fault: { kind: 'truncate' } },
    ]) {
      expect((await harness.control('POST', '/faults', order)).status).toBe(400);
    }
  });
});

it('latency is added to every Graph call', async () => {
  await harness.settings({ latencyMs: 80 });
  const start = performance.now();
  await harness.graph.api('/groups').get();
  expect(performance.now() - start).toBeGreaterThan(75);
});

it('a fault of the token endpoint keeps tokens away', async () => {
  await harness.fault({ on: 'token', fault: { kind: 'status', status: 503 } });
  const scope = 'https://graph.microsoft.com/.default';
  await expect(newCredential(harness.simulator).getToken(scope)).rejects.toThrow();
  await newCredential(harness.simulator).getToken(scope);
});

describe('the mail server', () => {
  const send = () =>
    nodemailer.createTransport(harness.simulator.smtpUrl).sendMail({
      from: '"Contoso portal" <portal@contoso.com>',
      to: 'ann@fabrikam.com',
      bcc: 'audit@contoso.com',
      subject: 'Välkommen',
      text: 'Hej',
      html: '<b>Hej</b>',
    });
  const mails = async () => (await harness.state()).mails;

  it('lists the mails of one address alone', async () => {
    await send();
    const listed = async (to: string) =>
      (await harness.control('GET', `/mails?to=${encodeURIComponent(to)}`)).json();
    expect(await listed('audit@contoso.com')).toEqual(await mails());
    expect(await listed('bob@fabrikam.com')).toEqual([]);
    expect((await harness.control('GET', '/mails')).status).toBe(400);
  });

  it('puts a mail into the inbox', async () => {
    await send();
    expect(await mails()).toMatchObject([
      {
        source: 'smtp',
        from: 'portal@contoso.com',
        to: ['ann@fabrikam.com', 'audit@contoso.com'],
        subject: 'Välkommen',
        text: expect.stringContaining('Hej') as string,
        html: expect.stringContaining('<b>Hej</b>') as string,
      },
    ]);
  });

  it('refuses with the code ordered', async () => {
    await harness.fault({ on: 'smtp', fault: { kind: 'refuse', code: 451, message: 'Later' } });
    await expect(send()).rejects.toMatchObject({ responseCode: 451 });
    expect(await mails()).toEqual([]);
    await send();
  });

  it('drops the connection before or after it accepted', async () => {
    await harness.fault({ on: 'smtp', fault: { kind: 'drop', when: 'before' } });
    await expect(send()).rejects.toThrow();
    expect(await mails()).toHaveLength(0);
    await harness.fault({ on: 'smtp', fault: { kind: 'drop', when: 'after' } });
    await expect(send()).rejects.toThrow();
    expect(await mails()).toHaveLength(1);
  });

  it('hangs before it accepts', async () => {
    await harness.fault({ on: 'smtp', fault: { kind: 'hang', ms: 100 } });
    const start = performance.now();
    await send();
    expect(performance.now() - start).toBeGreaterThan(95);
  });
});
