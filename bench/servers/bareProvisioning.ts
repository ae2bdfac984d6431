import express from 'express';
import { createTransport } from 'nodemailer';

// What provisioning is compared with: one handler that makes the calls which the portal makes for a new guest, in the
// same order, by plain fetch, and sends a mail of one line; with UNCHECKED it reads no group first. It stores nothing, so it could neither resume nor be followed.

type Invitation = { inviteRedeemUrl: string; invitedUser: { id: string } };

const env = (name: string) => process.env[name] ?? '';
const graph = `${env('GRAPH_BASE_URL')}/v1.0`;
const mailer = createTransport(env('SMTP_URL'));
const groups = env('GROUPS').split(',');
const token = await signIn();

async function signIn(): Promise<string> {
  const answer = await fetch(`${env('ENTRA_AUTHORITY')}/${env('TENANT_ID')}/oauth2/v2.0/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: env('CLIENT_ID'),
      client_secret: env('CLIENT_SECRET'),
      scope: 'https://graph.microsoft.com/.default',
    }),
  });
  return ((await answer.json()) as { access_token: string }).access_token;
}

async function call(method: string, path: string, body?: object): Promise<unknown> {
  const answer = await fetch(`${graph}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

async function provision(address: string): Promise<void> {
  await call('GET', `/users?$filter=${encodeURIComponent(`mail eq '${address}'`)}&$select=id&$top=10`);
  const invitation = (await call('POST', '/invitations', {
    invitedUserEmailAddress: address,
    invitedUserDisplayName: 'Ana Lind',
    inviteRedirectUrl: 'https://crm.contoso.com',
    sendInvitationMessage: false,
  })) as Invitation;
  for (const group of groups) {
    if (!env('UNCHECKED')) await call('GET', `/groups/${group}?$select=id`);
    await call('POST', `/groups/${group}/members/$ref`, {
      '@odata.id': `${graph}/directoryObjects/${invitation.invitedUser.id}`,
    });
  }
  await mailer.sendMail({
    from: 'partners@contoso.com',
    to: address,
    subject: 'Invitation',
    text: invitation.inviteRedeemUrl,
  });
}

const app = express();
app.post('/provision', express.urlencoded({ extended: false }), async (req, res) => {
  await provision((req.body as { email: string }).email);
  res.end();
});
app.get('/readyz', (_req, res) => {
  res.end();
});
app.listen(Number(env('PORT')), '127.0.0.1');
process.once('SIGTERM', () => process.exit(0));
