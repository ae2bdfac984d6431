import { Router } from 'express';
import { z } from 'zod';
import { addFault, type FaultOrder } from '../faults.js';
import { seed } from '../seed.js';
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

const settingsForm = z.object({
  latencyMs: z.coerce.number().int().min(0).max(600_000),
  replicationDelayMs: z.coerce.number().int().min(0).max(3_600_000),
  allowInvitesFrom: z.enum(inviterSettings),
  permissions: z.preprocess((given) => [given ?? []].flat(), z.array(z.string())),
});

const switchForm = z.object({ switch: z.string(), times: z.coerce.number().int().min(0).max(100_000) });

/** A page of switches for what can go wrong. */
export function faultPages(tenant: Tenant): Router {
  const router = Router();

  router.get('/', function showFaults(_request, response) {
    const permissions = [...new Set([...seed.permissions, ...tenant.settings.permissions])];
    response.render('faults', { title: 'Faults', tenant, switches, permissions, inviterSettings });
  });

  router.post('/', function switchOn(request, response) {
    const form = switchForm.safeParse(request.body);
    const chosen = form.success ? switches[form.data.switch] : undefined;
    if (!form.success || !chosen) {
      response.status(422).render('message', { title: 'Faults', text: 'Choose a fault and how often.' });
      return;
    }
    addFault(tenant.faults, chosen.order(form.data.times));
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
