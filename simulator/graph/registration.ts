import type { Reply } from '../reply.js';
import { seed } from '../seed.js';
import type { Tenant } from '../tenant.js';
import { param, type GraphCall } from './call.js';
import { resourceNotFound } from './errors.js';
import { answerOne } from './query.js';

// What the tenant says about invitations, and about the portal's own app registration.

/** GET /policies/authorizationPolicy */
export function getAuthorizationPolicy(call: GraphCall): Reply {
  const policy = {
    id: 'authorizationPolicy',
    allowInvitesFrom: call.tenant.settings.allowInvitesFrom,
    description: 'Used to manage authorization related settings across the company.',
    displayName: 'Authorization Policy',
  };
  return answerOne(call, policy, {
    set: 'authorizationPolicy',
    type: 'microsoft.graph.authorizationPolicy',
    properties: new Set(Object.keys(policy)),
  });
}

/** GET /applications(appId='…'): the portal's is the only one that is registered here. */
export function getApplication(call: GraphCall): Reply {
  if (param(call, 'appId').toLowerCase() !== seed.clientId) throw resourceNotFound(param(call, 'appId'));
  const application = applicationOf(call.tenant);
  return answerOne(call, application, {
    set: 'applications',
    type: 'microsoft.graph.application',
    properties: new Set(Object.keys(application)),
  });
}

function applicationOf({ settings }: Tenant) {
  return {
    id: '33333333-0000-4000-8000-000000000104',
    appId: seed.clientId,
    displayName: 'Partner portal',
    signInAudience: settings.signInAudience,
    web: { homePageUrl: null, logoutUrl: null, redirectUris: settings.redirectUris },
    groupMembershipClaims: settings.groupsClaim ? 'ApplicationGroup' : null,
    passwordCredentials: [
      {
        customKeyIdentifier: null,
        displayName: 'Partner portal',
        endDateTime: settings.secretEndsAt,
        hint: seed.clientSecret.slice(0, 3),
        keyId: '77777777-0000-4000-8000-000000000001',
        secretText: null,
        startDateTime: '2026-01-01T00:00:00Z',
      },
    ],
  };
}
