import type { RequestHandler } from 'express';

/**
 * Gives views `formPath`: where whoever comes back to the answer to a form is led, since browsers keep no copy of it that they
 * could show again; null for a page that was asked for itself. See `public/formAnswer.js`.
 */
export const formPath: RequestHandler = function setFormPath(req, res, next) {
  res.locals.formPath = req.method === 'POST' ? req.path : null;
  next();
};
