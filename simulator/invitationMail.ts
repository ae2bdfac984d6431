import ejs from 'ejs';
import { deliver } from './inbox.js';
import { seed } from './seed.js';
import type { Tenant } from './tenant.js';

const html = ejs.compile(`<!doctype html>
<html><body style="font-family:'Segoe UI',Arial,sans-serif;color:#323130;max-width:36rem">
<p style="background:#fff4ce;padding:8px">Please only act on this email if you trust the organization represented below.</p>
<p>Organization: <b><%= organization %></b><br>Domain: <%= domain %></p>
<p>If you accept this invitation, you'll be able to use the applications of <%= organization %>.</p>
<p><a href="<%= redeemUrl %>" style="background:#0078d4;color:#fff;padding:10px 18px;text-decoration:none">Accept invitation</a></p>
<p style="color:#605e5c;font-size:small">This invitation email is from <%= organization %> (<%= domain %>), simulated: Microsoft did not send it.</p>
</body></html>`);

/** The mail that Microsoft sends for an invitation. It never holds an app's own `customizedMessageBody`. */
export function sendInvitation(
  tenant: Tenant,
  invitation: { address: string; redeemUrl: string; language: string | null; cc: string | null },
): void {
  const { address: to, redeemUrl, language, cc } = invitation;
  const domain = seed.verifiedDomains[0] ?? '';
  deliver(tenant.inbox, {
    source: 'graph',
    from: 'invites@microsoft.com',
    to: cc === null ? [to] : [to, cc],
    subject: `${seed.organization} invited you to access applications within their organization`,
    text: `${seed.organization} (${domain}) invited you to use its applications.\n\nAccept invitation: ${redeemUrl}\n`,
    html: html({ organization: seed.organization, domain, redeemUrl }),
    headers: {
      from: `Microsoft Invitations on behalf of ${seed.organization} <invites@microsoft.com>`,
      to,
      ...(cc !== null && { cc }),
      'content-language': language ?? 'en-US',
    },
  });
}
