import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { createMailer, MailFault, type Mailer } from '../../src/mail/mailer.js';
import { startTenant, type Tenant } from '../support/tenant.js';

const MAIL = {
  to: "o'neil@fabrikam.com",
  subject: 'Your access',
  text: 'Hello',
  html: '<p>Hello</p>',
  messageId: '<mail.1@portal.example>',
};

let tenant: Tenant;
let mailer: Mailer;

beforeAll(async () => {
  tenant = await startTenant();
  mailer = mailerTo(tenant.smtpUrl);
});
afterAll(() => tenant.close());
afterEach(() => tenant.clearFaults());

function mailerTo(url: string): Mailer {
  const created = createMailer({ url, from: 'Contoso <partners@contoso.com>' });
  if (!created) throw new Error('No mailer');
  return created;
}

async function faultOf(sending: Promise<void>): Promise<MailFault> {
  const outcome = await sending.then(
    () => null,
    (error: unknown) => error,
  );
  if (!(outcome instanceof MailFault)) throw new Error(`Not a mail fault: ${String(outcome)}`);
  return outcome;
}

test('a mail arrives in both forms at the one address', async () => {
  await mailer.send(MAIL, AbortSignal.timeout(60_000));
  const [mail] = await tenant.mailsTo(MAIL.to);
  expect(mail).toMatchObject({ from: 'partners@contoso.com', to: [MAIL.to], subject: 'Your access' });
  expect(mail?.text.trim()).toBe('Hello');
  expect(mail?.html).toContain('<p>Hello</p>');
});

test.each([
  ['4xx', { kind: 'refuse', code: 451, message: 'Try later' }, 'no', false],
  ['5xx', { kind: 'refuse', code: 550, message: 'No such mailbox' }, 'no', true],
  ['a break in the message', { kind: 'drop', when: 'before' }, 'unknown', false],
  ['a break after the message', { kind: 'drop', when: 'after' }, 'unknown', false],
])(
  '%s: whether the mail was accepted is told from what was handed over',
  async (_, fault, accepted, permanent) => {
    await tenant.fault({ on: 'smtp', fault });
    expect(await faultOf(mailer.send(MAIL, AbortSignal.timeout(60_000)))).toMatchObject({
      accepted,
      permanent,
    });
  },
);

test('a server that cannot be reached has accepted nothing', async () => {
  expect(await faultOf(mailerTo('smtp://127.0.0.1:1').send(MAIL, AbortSignal.timeout(60_000)))).toMatchObject(
    {
      accepted: 'no',
      permanent: false,
    },
  );
});

test('a server that hangs up on the greeting has accepted nothing', async () => {
  const server = createServer((socket) => socket.end());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  expect(
    await faultOf(mailerTo(`smtp://127.0.0.1:${port}`).send(MAIL, AbortSignal.timeout(60_000))),
  ).toMatchObject({ accepted: 'no' });
  server.close();
});

test("a server's reply is passed on without the address", async () => {
  await tenant.fault({
    on: 'smtp',
    fault: { kind: 'refuse', code: 550, message: `<${MAIL.to}> is unknown` },
  });
  const { message } = await faultOf(mailer.send(MAIL, AbortSignal.timeout(60_000)));
  expect(message).not.toContain('fabrikam');
  expect(message).toContain('550');
});

test('without a mail server there is no mailer', () => {
  expect(createMailer(null)).toBeNull();
});
