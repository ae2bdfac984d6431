import type { CookieOptions, Request, Response } from 'express';
import type { Config } from '../config.js';
import { DAY_MS } from '../days.js';
import type { Deps } from '../deps.js';
import { chooseLanguage, directionOf, isLanguageTag, type Chosen } from '../language.js';

type Origin = Pick<Config, 'baseUrl'>;
type Asking = Pick<Request, 'acceptsLanguages' | 'cookies'>;

function cookieOf({ baseUrl }: Origin): { name: string; options: CookieOptions } {
  const secure = baseUrl.startsWith('https:');
  return {
    name: secure ? '__Host-portal.language' : 'portal.language',
    options: { httpOnly: true, sameSite: 'lax', secure, path: '/', maxAge: 365 * DAY_MS },
  };
}

/** The language of a page; `wanted` are the tags that its reader asks for, the most wanted first, of which it may have none. */
type Spoken = Chosen & { wanted: readonly string[] };

/** The language that the person has picked, or else the browser's; English for one without texts. */
export function languageOf(config: Origin, req: Asking, available: readonly string[]): Spoken {
  const wanted = wantedIn(config, req, available);
  return { ...chooseLanguage(wanted, available), wanted };
}

function wantedIn(config: Origin, req: Asking, available: readonly string[]): string[] {
  const tags = req.acceptsLanguages().filter(isLanguageTag);
  const picked: unknown = (req.cookies as Record<string, unknown>)[cookieOf(config).name];
  if (typeof picked !== 'string' || !available.includes(picked)) return tags;
  // A Swiss who picks German has Swiss dates.
  const sameTags = tags.filter((tag) => chooseLanguage([tag], available, null)?.language === picked);
  return [...sameTags, picked];
}

/** Gives views the texts, direction, dates and numbers of a language. */
export function speak({ languages }: Pick<Deps, 'languages'>, res: Response, chosen: Spoken): void {
  res.locals.language = chosen.language;
  res.locals.locale = chosen.locale;
  res.locals.wanted = chosen.wanted;
  res.locals.direction = directionOf(chosen.language);
  res.locals.t = languages.translate(chosen.language);
}

/**
 * Changes to the language that a person has picked and remembers it for a year. The buttons of the switch are named `lang`; in
 * the footer of a form they send the form, so that what was typed is not lost.
 *
 * @returns whether one was picked that has texts
 */
export function switchLanguage(
  deps: Pick<Deps, 'config' | 'languages'>,
  req: Asking & { body?: Record<string, unknown> | undefined },
  res: Response,
): boolean {
  const { available } = deps.languages;
  const lang = req.body?.lang;
  if (typeof lang !== 'string' || !available.includes(lang)) return false;
  const { name, options } = cookieOf(deps.config);
  res.cookie(name, lang, options);
  (req.cookies as Record<string, unknown>)[name] = lang;
  speak(deps, res, languageOf(deps.config, req, available));
  return true;
}
