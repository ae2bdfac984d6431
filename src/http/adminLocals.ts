import type { RequestHandler } from 'express';
import type { Translate } from '../language.js';
import { NOBODYS_DOMAIN } from '../store/anonymise.js';
import type { RequestRow } from '../store/schema.js';

/**
 * How htmx behaves: it fetches from this portal alone, evaluates nothing and adds no style of its own, as the content
 * security policy demands; a form's answer is shown also when it names faults (422) or a conflict (409).
 */
const HTMX = JSON.stringify({
  allowEval: false,
  allowScriptTags: false,
  includeIndicatorStyles: false,
  selfRequestsOnly: true,
  // Pages are personal: none is kept in the browser's storage.
  historyCacheSize: 0,
  refreshOnHistoryMiss: true,
  responseHandling: [
    { code: '204', swap: false },
    { code: '(2..|3..|409|422)', swap: true },
    { code: '...', swap: false, error: true },
  ],
});

/**
 * Gives the views of the admin area `time(date)`, a moment in words, in UTC, `whose(request)`, its address or what is left of
 * it, and what htmx needs to know.
 */
export const adminLocals: RequestHandler = function setAdminLocals(_req, res, next) {
  const format = new Intl.DateTimeFormat(res.locals.language as string, {
    dateStyle: 'medium',
    timeStyle: 'short',
    timeZone: 'UTC',
  });
  res.locals.time = (date: Date) => `${format.format(date)} UTC`;
  const t = res.locals.t as Translate;
  res.locals.whose = (request: Pick<RequestRow, 'address' | 'anonymised_at'>) => whose(t, request);
  res.locals.htmxConfig = HTMX;
  next();
};

function whose(
  t: Translate,
  { address, anonymised_at }: Pick<RequestRow, 'address' | 'anonymised_at'>,
): string {
  if (!anonymised_at) return address;
  const domain = address.slice(address.indexOf('@') + 1);
  return domain === NOBODYS_DOMAIN
    ? t('request.anonymised.nameless')
    : t('request.anonymised.name', { domain });
}
