import { Router } from 'express';
import type { Mail } from '../inbox.js';
import type { Tenant } from '../tenant.js';

/** All mailboxes on one page. */
export function inboxPages(tenant: Tenant): Router {
  const router = Router();

  router.get('/', function showInbox(request, response) {
    const to = typeof request.query.to === 'string' ? request.query.to.trim() : '';
    const wanted = to.toLowerCase();
    const mails = tenant.inbox.mails
      .filter((mail) => mail.to.some((address) => address.toLowerCase().includes(wanted)))
      .toReversed();
    response.render('inbox', { title: 'Inbox', mails: mails.slice(0, 200), found: mails.length, to });
  });

  router.get('/:id', function showMail(request, response) {
    const mail = findMail(tenant, request.params.id);
    if (!mail) {
      response.status(404).render('message', { title: 'No such mail', text: 'It may have been cleared.' });
      return;
    }
    response.render('mail', { title: mail.subject || '(no subject)', mail, links: linksOf(mail) });
  });

  router.get('/:id/html', function showMailBody(request, response) {
    const mail = findMail(tenant, request.params.id);
    // A mail may contain anything, so it is shown in a sandbox: no script, no form, links open in a new tab.
    response.set(
      'Content-Security-Policy',
      "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'",
    );
    response.set('X-Frame-Options', 'SAMEORIGIN');
    response
      .status(mail ? 200 : 404)
      .type('html')
      .send(`<base target="_blank">${mail?.html ?? ''}`);
  });

  return router;
}

function findMail(tenant: Tenant, id: string): Mail | undefined {
  return tenant.inbox.mails.find((mail) => mail.id === id);
}

/** The http links of a mail, taken from its text, else from its HTML. */
function linksOf(mail: Mail): string[] {
  const inText = mail.text.match(/https?:\/\/[^\s<>"')\]]+/g);
  const inHtml = [...mail.html.matchAll(/href="(https?:\/\/[^"]+)"/g)].map((match) =>
    (match[1] ?? '').replaceAll('&amp;', '&'),
  );
  return [...new Set(inText ?? inHtml)];
}
