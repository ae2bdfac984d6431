import type { RequestHandler } from 'express';
import type { Languages } from '../language.js';

/** Chooses the page's language by the browser's preference and gives views `t` and `language`. */
export function chooseLanguage(languages: Languages): RequestHandler {
  return function setLanguage(req, res, next) {
    const language = req.acceptsLanguages(languages.available) || 'en';
    res.locals.language = language;
    res.locals.t = languages.translate(language);
    res.vary('Accept-Language');
    next();
  };
}
