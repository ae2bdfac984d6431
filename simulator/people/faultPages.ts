import { Router } from 'express';
import { z } from 'zod';
import { addFault, type FaultOrder } from '../faults.js';
import { seed } from '../seed.js';
import { seedTenants } from '../seedPartners.js';
import { inviterSettings } from '../settings.js';
import type { Tenant } from '../tenant.js';

const retryAfterSeconds = 5;

/** The faults that a person can switch on by a button; tests order any others over the control endpoint. */
const switches: Record<string, { label: string; explain: string; order: (times: number) => FaultOrder }> = {
  unavailable: {
    label: 'Graph answers 503',
    explain: 'The call is not processed. The portal waits and tries again.',
    order: (times) => ({ on: 'graph', times, fault: { kind: 'status', status: 503 } }),
  },
  throttled: {
    label: `Graph answers 429, Retry-After ${retryAfterSeconds}`,
    explain: 'The call is not processed. No worker of the portal calls again before the time is over.',
    order: (times) => ({
      on: 'graph',
      times,
      fault: {
        kind: 'status',
        status: 429,
        headers: { 'Retry-After': String(retryAfterSeconds) },
        body: { error: { code: 'TooManyRequests', message: 'Please retry again later.' } },
      },
    }),
  },
  lostInvitation: {
    label: 'Invitation processed, then the connection breaks',
    explain: 'The guest exists but the portal was never told. It has to find out without inviting twice.',
    order: (times) => ({
      on: 'graph',
      method: 'POST',
      path: '^/invitations$',
      times,
      fault: { kind: 'reset', when: 'after' },
    }),
  },
  failedInvitation: {
    label: 'Invitation answered with the status Error',
    explain: 'Graph says 201 and means that it failed. The portal tries twice more, then holds the request.',
    order: (times) => ({
      on: 'graph',
      method: 'POST',
      path: '^/invitations$',
      times,
      fault: { kind: 'status', status: 201, body: FAILED_INVITATION },
    }),
  },
  invitationsBlocked: {
    label: 'Microsoft blocks invitations as suspicious',
    explain: 'A 403 for every invitation of the tenant. No permission is missing, and waiting does not help.',
    order: (times) => ({
      on: 'graph',
      method: 'POST',
      path: '^/invitations$',
      times,
      fault: { kind: 'status', status: 403, body: error('Forbidden', INVITATIONS_BLOCKED) },
    }),
  },
  guestsRefused: {
    label: 'A group takes no guests',
    explain: 'The 403 of a Microsoft 365 group with guests switched off: no permission is missing.',
    order: (times) => ({
      on: 'graph',
      method: 'POST',
      path: '/members/\\$ref$',
      times,
      fault: {
        kind: 'status',
        status: 403,
        body: error('Authorization_RequestDenied', 'Guests users are not allowed to join this Unified Group'),
      },
    }),
  },
  hanging: {
    label: 'Graph does not answer for 40 seconds',
    explain: 'The step ends after 30. Aim it at a group or an app: people who do not need that go on.',
    order: (times) => ({ on: 'graph', times, fault: { kind: 'hang', when: 'before', ms: 40_000 } }),
  },
  redirected: {
    label: 'Graph redirects to another host',
    explain: 'The portal does not follow: the other host would get the address and the name.',
    order: (times) => ({
      on: 'graph',
      times,
      fault: { kind: 'status', status: 307, headers: { Location: 'https://graph.example/v1.0/' } },
    }),
  },
  endless: {
    label: 'Graph answers with 500 MB',
    explain: 'Packed, it is small. The portal stops reading after 4 MB.',
    order: (times) => ({
      on: 'graph',
      times,
      fault: { kind: 'size', bytes: 500 * 1024 * 1024, packed: true },
    }),
  },
  garbled: {
    label: 'Graph answers with an HTML page',
    explain: 'As a gateway does that has lost the service behind it.',
    order: (times) => ({ on: 'graph', times, fault: { kind: 'html', status: 502 } }),
  },
  noToken: {
    label: 'Entra issues no token',
    explain: 'The token endpoint answers 503.',
    order: (times) => ({ on: 'token', times, fault: { kind: 'status', status: 503 } }),
  },
  forgedToken: {
    label: 'A sign-in brings a token with a bad signature',
    explain: 'The portal refuses it: nobody is signed in.',
    order: (times) => ({ on: 'signIn', times, fault: { kind: 'idToken', change: 'badSignature' } }),
  },
  mailboxUnknown: {
    label: 'Mail server does not know the mailbox',
    explain: 'A 550 for good: the person reads that the mail could not be delivered.',
    order: (times) => ({
      on: 'smtp',
      times,
      fault: { kind: 'refuse', code: 550, message: 'No such mailbox here' },
    }),
  },
  mailRefused: {
    label: 'Mail server refuses',
    explain: 'Every mail is answered with 451, try again later.',
    order: (times) => ({
      on: 'smtp',
      times,
      fault: { kind: 'refuse', code: 451, message: 'Try again later' },
    }),
  },
};

/** As a public report of it quotes Microsoft: https://learn.microsoft.com/answers/a/12731593 */
const INVITATIONS_BLOCKED =
  'Invitations are blocked for this directory due to suspicious activity. Please contact Microsoft support for help.';

const FAILED_INVITATION = {
  invitedUserEmailAddress: 'somebody@example.com',
  status: 'Error',
  invitedUser: null,
  inviteRedeemUrl: null,
};

function error(code: string, message: string) {
  return { error: { code, message } };
}

/** Aims a fault at one group or app, by its id, or at the people of one domain. */
function aimed(order: FaultOrder, target: string): FaultOrder {
  const [kind, name = ''] = target.split(':');
  if (order.on === 'signIn' || name === '') return order;
  if (kind === 'domain') return { ...order, domain: name };
  return order.on === 'graph' ? { ...order, path: `/${name}` } : order;
}

const settingsForm = z.object({
  latencyMs: z.coerce.number().int().min(0).max(600_000),
  replicationDelayMs: z.coerce.number().int().min(0).max(3_600_000),
  allowInvitesFrom: z.enum(inviterSettings),
  permissions: z.preprocess((given) => [given ?? []].flat(), z.array(z.string())),
});

const switchForm = z.object({
  switch: z.string(),
  times: z.coerce.number().int().min(0).max(100_000),
  target: z.string().default(''),
});

/** What a fault can be aimed at, by the value of the form. */
function targets({ directory }: Tenant): Record<string, string> {
  // Wingtip Toys has no tenant.
  const domains = [...seedTenants.slice(1).flatMap((tenant) => tenant.domains), 'wingtiptoys.com'];
  return Object.fromEntries([
    ...domains.map((domain) => [`domain:${domain}`, `People of ${domain}`]),
    ...[...directory.groups.values()].map(({ id, displayName }) => [`group:${id}`, `Group ${displayName}`]),
    ...[...directory.servicePrincipals.values()].map(({ id, displayName }) => [
      `app:${id}`,
      `App ${displayName}`,
    ]),
  ]) as Record<string, string>;
}

/** A page of switches for what can go wrong. */
export function faultPages(tenant: Tenant): Router {
  const router = Router();

  router.get('/', function showFaults(_request, response) {
    const permissions = [...new Set([...seed.permissions, ...tenant.settings.permissions])];
    response.render('faults', {
      title: 'Faults',
      tenant,
      switches,
      targets: targets(tenant),
      permissions,
      inviterSettings,
    });
  });

  router.post('/', function switchOn(request, response) {
    const form = switchForm.safeParse(request.body);
    const chosen = form.success ? switches[form.data.switch] : undefined;
    if (!form.success || !chosen) {
      response.status(422).render('message', { title: 'Faults', text: 'Choose a fault and how often.' });
      return;
    }
    addFault(tenant.faults, aimed(chosen.order(form.data.times), form.data.target));
    response.redirect(303, '/faults');
  });

  router.post('/clear', function clear(_request, response) {
    tenant.faults.active = [];
    response.redirect(303, '/faults');
  });

  router.post('/settings', function changeSettings(request, response) {
    const form = settingsForm.safeParse(request.body);
    if (!form.success) {
      response.status(422).render('message', { title: 'Settings', text: z.prettifyError(form.error) });
      return;
    }
    Object.assign(tenant.settings, form.data);
    response.redirect(303, '/faults');
  });

  return router;
}
