import { join } from 'node:path';
import express, { Router, type Request, type Response } from 'express';
import type { Asset, Assets } from '../assets.js';
import { root } from '../root.js';

const FOR_GOOD = 'public, max-age=31536000, immutable';
const SOURCE = /\.(css|js|ts)$/i;

/**
 * Style sheets, scripts and images under /assets, packed where the browser can read that. Pages are never packed, since they have
 * tokens beside what was typed. An organisation's own logo lies in `public` under its plain name.
 */
export function assets({ find }: Assets): Router {
  const images = express.static(join(root, 'public'), { maxAge: '1h', index: false, redirect: false });
  return Router().use('/assets', (req, res, next) => {
    const isRead = req.method === 'GET' || req.method === 'HEAD';
    const found = isRead ? find(req.path.slice(1)) : undefined;
    if (found) send(req, res, found.asset, found.current ? FOR_GOOD : 'no-store');
    else if (isRead && !SOURCE.test(req.path)) images(req, res, next);
    else next();
  });
}

function send(req: Request, res: Response, asset: Asset, cache: string): void {
  const encoding = (['br', 'gzip'] as const).find((one) => req.acceptsEncodings(one) === one) ?? 'identity';
  res.vary('Accept-Encoding').set({ 'Cache-Control': cache, 'Content-Type': asset.type });
  if (encoding !== 'identity') res.set('Content-Encoding', encoding);
  res.send(asset[encoding]);
}
