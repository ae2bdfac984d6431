import cookieParser from 'cookie-parser';
import { Router, type RequestHandler } from 'express';

/** cookie-parser makes objects of cookies that hold JSON. Ours are texts, and one of another shape counts as none. */
const textsOnly: RequestHandler = (req, _res, next) => {
  const read = req.cookies as Record<string, unknown>;
  req.cookies = Object.fromEntries(Object.entries(read).filter(([, value]) => typeof value === 'string'));
  next();
};

/** Reads the cookies of a request into `req.cookies`. */
export function cookies(): Router {
  return Router().use(cookieParser()).use(textsOnly);
}
