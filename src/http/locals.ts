import type { RequestHandler } from 'express';
import type { Access } from '../access/access.js';
import type { Deps } from '../deps.js';
import { directionOf, type Translate } from '../language.js';
import type { PolicyDocument } from '../policy/schema.js';
import { NOBODYS_DOMAIN } from '../store/anonymise.js';
import type { RequestRow } from '../store/schema.js';
import { allowImages } from './security.js';

type Named = Pick<RequestRow, 'address' | 'anonymised_at'>;

declare module 'express-serve-static-core' {
  /** What every view is given. */
  interface Locals {
    t: Translate;
    /** The address of a style sheet, script or image by its name in `public`. */
    asset: (name: string) => string;
    /** BCP 47. */
    language: string;
    /** In which direction the language is written. */
    direction: 'ltr' | 'rtl';
    /** How the organisation presents itself, as the policy in force says. */
    portal: PolicyDocument['portal'];
    /**
     * The path to which a form was posted; null for any other page. Browsers keep no copy of the answer to a form that they
     * could show again: `public/formAnswer.js` leads people who come back to it to this path.
     */
    formPath: string | null;
    /** Sets the browser's cookie and gives the token that belongs to it. */
    csrfToken: () => string;
    /** Of the person who has signed in; in the admin area alone, like the rest. */
    access?: Access;
    /** A moment in words, in UTC. */
    time?: (date: Date) => string;
    /** The address of a request, or what is left of it. */
    whose?: (request: Named) => string;
    htmxConfig?: string;
  }
}

/** Gives views their language, by the browser's preference, and what every page shows. */
export function locals({ languages, policy }: Pick<Deps, 'languages' | 'policy'>): RequestHandler {
  return function setLocals(req, res, next) {
    const language = req.acceptsLanguages(languages.available) || 'en';
    res.locals.language = language;
    res.locals.direction = directionOf(language);
    res.locals.t = languages.translate(language);
    res.vary('Accept-Language');
    const { portal } = policy.current().policy.document;
    res.locals.portal = portal;
    if (portal.logo?.startsWith('https:')) allowImages(res, new URL(portal.logo).origin);
    res.locals.formPath = req.method === 'POST' ? req.path : null;
    next();
  };
}

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

/** Gives the views of the admin area what they need besides. */
export const adminLocals: RequestHandler = function setAdminLocals(_req, res, next) {
  const { t, language } = res.locals;
  const format = new Intl.DateTimeFormat(language, {
    dateStyle: 'medium',
    timeStyle: 'short',
    timeZone: 'UTC',
  });
  res.locals.time = (date) => `${format.format(date)} UTC`;
  res.locals.whose = (request) => whose(t, request);
  res.locals.htmxConfig = HTMX;
  next();
};

function whose(t: Translate, { address, anonymised_at }: Named): string {
  if (!anonymised_at) return address;
  const domain = address.slice(address.indexOf('@') + 1);
  return domain === NOBODYS_DOMAIN
    ? t('request.anonymised.nameless')
    : t('request.anonymised.name', { domain });
}
