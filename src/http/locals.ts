import type { Request, RequestHandler } from 'express';
import type { Access } from '../access/access.js';
import type { Deps } from '../deps.js';
import { fullName } from '../fullName.js';
import { nameOfLanguage, type Direction, type Translate } from '../language.js';
import type { PolicyDocument } from '../policy/schema.js';
import { NOBODYS_DOMAIN } from '../store/anonymise.js';
import type { RequestRow } from '../store/schema.js';
import { languageOf, speak } from './language.js';
import { allowImages } from './security.js';

type Named = Pick<RequestRow, 'address' | 'anonymised_at'>;

declare module 'express-serve-static-core' {
  /** What every view is given. */
  interface Locals {
    t: Translate;
    /** The address of a style sheet, script or image by its name in `public`. */
    asset: (name: string) => string;
    /** BCP 47, of the texts. */
    language: string;
    /** In which direction the language is written. */
    direction: Direction;
    /** BCP 47, for dates and numbers. */
    locale: string;
    /** The tags (BCP 47) that the reader asks for, the most wanted first; texts of the policy may have more of them than pages. */
    wanted: readonly string[];
    /** What the switch in the footer offers. */
    languages: { code: string; name: string }[];
    /** How the organisation presents itself, as the policy in force says. */
    portal: PolicyDocument['portal'];
    /**
     * The path to which a form was posted; null for any other page. Browsers keep no copy of the answer to a form that they
     * could show again: `public/formAnswer.js` leads people who come back to it to this path.
     */
    formPath: string | null;
    /** Sets the browser's cookie and gives the token that belongs to it. */
    csrfToken: () => string;
    /** The same for the language switch, whose token belongs to no session. */
    languageToken: () => string;
    /** The path to which the language switch leads back. */
    here: () => string;
    /** Of the person who has signed in; in the admin area alone, like the rest. */
    access?: Access;
    /** The path of the page, by which the menu marks where people are. */
    path?: string;
    /** How many of the requests that the person sees wait for an approver. */
    waiting?: number;
    /** A moment in words, in UTC. */
    time?: (date: Date, show?: TimeStyle) => string;
    /** The address of a request, or what is left of it. */
    whose?: (request: Named) => string;
    nameOf?: typeof fullName;
    htmxConfig?: string;
  }
}

/** Gives views their language and what every page shows. */
export function locals(deps: Pick<Deps, 'config' | 'languages' | 'policy'>): RequestHandler {
  const { config, languages, policy } = deps;
  const offered = languages.available.map((code) => ({ code, name: nameOfLanguage(code) }));
  return function setLocals(req, res, next) {
    speak(deps, res, languageOf(config, req, languages.available));
    res.locals.languages = offered;
    res.locals.here = () => wayBack(req, res.statusCode);
    res.vary('Accept-Language, Cookie');
    const { portal } = policy.current().policy.document;
    res.locals.portal = portal;
    if (portal.logo?.startsWith('https:')) allowImages(res, new URL(portal.logo).origin);
    res.locals.formPath = req.method === 'POST' ? req.path : null;
    next();
  };
}

/** Lists keep their filters. What others have written into a URL is not written into a page. */
function wayBack({ method, path, originalUrl }: Request, status: number): string {
  const isAdmin = path.startsWith('/admin');
  if (status >= 400 && status !== 422) return isAdmin ? '/admin' : '/';
  return method === 'GET' && isAdmin ? originalUrl : path;
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

/** How exactly a moment is written; the clock's time alone does where the day is plain. */
const TIMES = {
  minutes: { dateStyle: 'medium', timeStyle: 'short' },
  seconds: { dateStyle: 'medium', timeStyle: 'medium' },
  clock: { timeStyle: 'short' },
} as const;
type TimeStyle = keyof typeof TIMES;

/** Gives the views of the admin area what they need besides. */
export const adminLocals: RequestHandler = function setAdminLocals(req, res, next) {
  const { t, locale } = res.locals;
  res.locals.path = `${req.baseUrl}${req.path}`;
  // A list has many times, and a format costs more than what it writes.
  const formats = new Map<TimeStyle, Intl.DateTimeFormat>();
  res.locals.time = (date, show = 'minutes') => {
    const format = formats.get(show) ?? new Intl.DateTimeFormat(locale, { ...TIMES[show], timeZone: 'UTC' });
    formats.set(show, format);
    return `${format.format(date)} UTC`;
  };
  res.locals.whose = (request) => whose(t, request);
  res.locals.nameOf = fullName;
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
