import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import express, { Router } from 'express';
import sirv from 'sirv';
import { root } from '../root.js';

const FOLDER = join(root, 'dist/public');
const A_YEAR_SECONDS = 31_536_000;

/**
 * Gives the address of a style sheet, script or image by the name that it has in `public`.
 *
 * @throws Error where `npm run assets` has not written them
 */
export function openAssets(): (name: string) => string {
  const built = JSON.parse(readManifest()) as Record<string, string>;
  return (name) => {
    const file = built[name];
    if (file === undefined) throw new Error(`There is no ${name} in public`);
    return `/assets/${file}`;
  };
}

function readManifest(): string {
  try {
    return readFileSync(join(FOLDER, 'manifest.json'), 'utf8');
  } catch (error) {
    throw new Error('The style sheets and scripts are not built yet: npm run assets', { cause: error });
  }
}

/**
 * Style sheets, scripts and images under /assets, packed where the browser can read that. Pages are never packed, since they have
 * tokens beside what was typed. An organisation's own logo lies in `public` under its plain name.
 */
export function assets(): Router {
  const built = sirv(FOLDER, {
    maxAge: A_YEAR_SECONDS,
    immutable: true,
    brotli: true,
    gzip: true,
    etag: true,
  });
  const images = express.static(join(root, 'public'), { maxAge: '1h', index: false, redirect: false });
  return Router().use('/assets', (req, res, next) => {
    const isRead = req.method === 'GET' || req.method === 'HEAD';
    if (isRead && IMAGE.test(req.path))
      built(req, res, () => {
        images(req, res, next);
      });
    else if (isRead && SHEET_OR_SCRIPT.test(req.path)) built(req, res, next);
    else next();
  });
}

const IMAGE = /^\/[\w.-]+\.(gif|jpe?g|png|svg|webp)$/i;
const SHEET_OR_SCRIPT = /^\/[\w.-]+\.(css|js)$/;
