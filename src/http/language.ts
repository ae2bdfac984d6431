import type { CookieOptions, Request, Response } from 'express';
import type { Config } from '../config.js';
import { DAY_MS } from '../days.js';
import type { Deps } from '../deps.js';
import { chooseLanguage, directionOf, type Chosen } from '../language.js';

type Origin = Pick<Config, 'baseUrl'>;
type Asking = Pick<Request, 'acceptsLanguages' | 'cookies'>;

function cookieOf({ baseUrl }: Origin): { name: string; options: CookieOptions } {
  const secure = baseUrl.startsWith('https:');
  return {
    name: secure ? '__Host-portal.language' : 'portal.language',
    options: { httpOnly: true, sameSite: 'lax', secure, path: '/', maxAge: 365 * DAY_MS },
  };
}

/** The language that the person has picked, or else the browser's; English for one without texts. */
export function languageOf(config: Origin, req: Asking, available: readonly string[]): Chosen {
  const tags = req.acceptsLanguages();
  const picked: unknown = (req.cookies as Record<string, unknown>)[cookieOf(config).name];
  if (typeof picked !== 'string' || !available.includes(picked)) return chooseLanguage(tags, available);
  // A Swiss who picks German has Swiss dates.
  const sameTags = tags.filter((tag) => chooseLanguage([tag], available, null)?.language === picked);
  return chooseLanguage([...sameTags, picked], available);
}

/** Gives views the texts, direction, dates and numbers of a language. */
export function speak({ languages }: Pick<Deps, 'languages'>, res: Response, chosen: Chosen): void {
  res.locals.language = chosen.language;
  res.locals.locale = chosen.locale;
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
