import type { IncomingMessage } from 'node:http';
import type { RequestHandler } from 'express';
import helmet from 'helmet';

/**
 * The headers of every page.
 *
 * @param formTarget a further origin to which the request's page may send a form; `'self'` for none
 */
export function securityHeaders(formTarget?: (request: IncomingMessage) => string): RequestHandler {
  return helmet({
    strictTransportSecurity: false, // plain HTTP on localhost, for the sake of browsers
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'], // bootstrap draws its own icons as data
        frameSrc: ["'self'"],
        formAction: ["'self'", ...(formTarget ? [formTarget] : [])],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
  });
}
