import { Busboy, type BusboyHeaders } from '@fastify/busboy';
import { once } from 'node:events';
import type { Request, RequestHandler } from 'express';
import { malformed, PublicError } from '../errors.js';

/** A file of a form. */
export type UploadedFile = { name: string; bytes: Buffer };

/** Of a file that is larger than what anybody takes, the beginning is read, so that the page can say so. */
const LIMITS = { fileSize: 12_000_000, files: 1, fields: 20, fieldSize: 4_000_000, parts: 21 };

/**
 * Reads forms with files into `req.body`, as `urlencoded` does others: texts by their names, files as {@link UploadedFile}.
 *
 * @param isWanted only for people who have signed in, and for paths that take files
 */
export function uploads(isWanted: (req: Request) => boolean): RequestHandler {
  return async (req, _res, next) => {
    if (req.is('multipart/form-data') && isWanted(req)) req.body = await read(req);
    next();
  };
}

/** @throws {PublicError} `malformed` for what is no such form, `tooLarge` */
async function read(req: Request): Promise<Record<string, string | UploadedFile>> {
  const body = new Map<string, string | UploadedFile>();
  const cut = new Set<string>();
  const parser = parserOf(req);
  parser.on('field', (name, value, _nameTruncated, truncated) => {
    if (truncated) cut.add(name);
    body.set(name, value);
  });
  parser.on('file', (name, stream, fileName) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    // A form that is cut off within a file: the parser says so too, and nobody else listens here.
    stream.on('error', () => cut.add(name));
    stream.on('end', () => {
      body.set(name, { name: fileName, bytes: Buffer.concat(chunks) });
    });
  });
  const finished = once(parser, 'finish');
  req.pipe(parser);
  await finished.catch(() => {
    throw malformed();
  });
  if (cut.size > 0) throw new PublicError('tooLarge', 413);
  return Object.fromEntries(body);
}

function parserOf(req: Request) {
  try {
    return new Busboy({ headers: req.headers as BusboyHeaders, limits: LIMITS });
  } catch {
    // No boundary between the parts.
    throw malformed();
  }
}
