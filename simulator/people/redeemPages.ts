import { Router, type Request } from 'express';
import { groupsOf, type Invitation } from '../directory.js';
import { graphTime, type User } from '../objects.js';
import type { Tenant } from '../tenant.js';

/** What an invited person sees after following the link of an invitation. */
export function redeemPages(tenant: Tenant): Router {
  const router = Router();

  router.get('/', function showConsent(request, response) {
    const redemption = findRedemption(tenant, request);
    if ('refusal' in redemption) {
      response.status(410).render('message', { title: 'Invitation', text: redemption.refusal });
      return;
    }
    const { user } = redemption;
    response.render('redeem', { title: 'Review permissions', user, redirectDomain: hostOf(redemption) });
  });

  // Mail scanners follow links, so only the button accepts.
  router.post('/', function accept(request, response) {
    const redemption = findRedemption(tenant, request);
    if ('refusal' in redemption) {
      response.status(410).render('message', { title: 'Invitation', text: redemption.refusal });
      return;
    }
    const { user, invitation } = redemption;
    if (user.externalUserState !== 'Accepted') {
      user.externalUserState = 'Accepted';
      user.externalUserStateChangeDateTime = graphTime();
    }
    response.redirect(303, `/redeem/landing/${invitation.id}`);
  });

  router.get('/landing/:id', function showLanding(request, response, next) {
    const invitation = tenant.directory.invitations.get(request.params.id);
    const user = invitation && tenant.directory.users.get(invitation.userId);
    if (!invitation || user?.externalUserState !== 'Accepted') {
      next();
      return;
    }
    const groups = groupsOf(tenant.directory, user.id);
    response.render('landing', { title: 'Accepted', user, groups, redirectUrl: invitation.redirectUrl });
  });

  return router;
}

type Redemption = { user: User; invitation: Invitation } | { refusal: string };

function findRedemption(tenant: Tenant, request: Request): Redemption {
  const { directory } = tenant;
  const rd = typeof request.query.rd === 'string' ? request.query.rd : '';
  const query = URL.canParse(rd) ? new URL(rd).searchParams : new URLSearchParams();
  const invitation = directory.invitations.get(query.get('user') ?? '');
  const user = invitation && directory.users.get(invitation.userId);
  if (!invitation || !user || invitation.ticket !== query.get('ticket')) {
    return {
      refusal: 'This link is not an invitation of this tenant. It may be incomplete: copy all of it.',
    };
  }
  if (directory.currentInvitation.get(user.id) !== invitation.id) {
    return {
      refusal:
        'This invitation no longer works: a newer one was sent. Use the link in the latest invitation.',
    };
  }
  if (user.deletedDateTime !== null) {
    return { refusal: 'This invitation no longer works: the guest account was removed.' };
  }
  if (!user.accountEnabled) return { refusal: 'Your account is blocked from signing in.' };
  return { user, invitation };
}

function hostOf({ invitation }: { invitation: Invitation }): string {
  return URL.canParse(invitation.redirectUrl) ? new URL(invitation.redirectUrl).host : invitation.redirectUrl;
}
