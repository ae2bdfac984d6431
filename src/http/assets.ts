import { createRequire } from 'node:module';
import { join } from 'node:path';
import express, { Router } from 'express';
import { root } from '../root.js';

const BOOTSTRAP = createRequire(import.meta.url).resolve('bootstrap/dist/css/bootstrap.min.css');

/** Style sheets, scripts and images under /assets, ours and bootstrap's one file. */
export function assets(): Router {
  const options = { maxAge: '1h', index: false, fallthrough: true } as const;
  return Router()
    .get('/assets/bootstrap.css', (_req, res, next) => {
      res.sendFile(BOOTSTRAP, { maxAge: '1h', acceptRanges: false }, (error?: Error) => {
        if (error && !res.headersSent) next(error);
      });
    })
    .use('/assets', express.static(join(root, 'public'), options));
}
