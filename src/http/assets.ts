import { createRequire } from 'node:module';
import { join } from 'node:path';
import express, { Router } from 'express';
import { root } from '../root.js';

const { resolve } = createRequire(import.meta.url);
/** One file each of bootstrap and htmx. */
const PACKAGED = {
  'bootstrap.css': resolve('bootstrap/dist/css/bootstrap.min.css'),
  'htmx.js': resolve('htmx.org/dist/htmx.min.js'),
};

/** Style sheets, scripts and images under /assets. */
export function assets(): Router {
  const router = Router();
  for (const [name, file] of Object.entries(PACKAGED)) {
    router.get(`/assets/${name}`, (_req, res, next) => {
      res.sendFile(file, { maxAge: '1h', acceptRanges: false }, (error?: Error) => {
        if (error && !res.headersSent) next(error);
      });
    });
  }
  return router.use(
    '/assets',
    express.static(join(root, 'public'), { maxAge: '1h', index: false, redirect: false }),
  );
}
