import type { Request } from 'express';
import { z } from 'zod';
import { malformed } from '../../../errors.js';
import { localPath } from '../../../http/localPath.js';
import { parseFormPath } from '../objectPath.js';
import type { FormValue } from './fields.js';

/**
 * A form as it was filled in. It goes along with its proposal, so that a person can return to it from the preview, and so that
 * a conflict while saving is shown where the values were typed. Without values it stands for a button, such as the one that
 * removes a partner.
 */
export type TypedForm = { path: string; values: Record<string, FormValue> };

/** What was posted, by field. */
export type Body = Record<string, unknown>;

const typedValues = z.record(z.string(), z.union([z.string(), z.array(z.string())]));

/** The fields in which a form goes along. */
export function fieldsOfTyped({ path, values }: TypedForm): { form: string; typed: string } {
  return { form: path, typed: JSON.stringify(values) };
}

/**
 * Reads the fields of {@link fieldsOfTyped}; undefined without them.
 *
 * @throws {PublicError} `malformed`
 */
export function readTyped({ form, typed }: Body): TypedForm | undefined {
  if (form === undefined && typed === undefined) return undefined;
  if (typeof form !== 'string' || typeof typed !== 'string') throw malformed();
  if (localPath(form) !== form || !parseFormPath(form)) throw malformed();
  return { path: form, values: readValues(typed) };
}

function readValues(json: string): TypedForm['values'] {
  try {
    const parsed = typedValues.safeParse(JSON.parse(json));
    if (parsed.success) return parsed.data;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw malformed();
}

/** The fields of a form that was posted; those of one that comes back from the preview are unpacked. */
export function bodyOf(req: Request<never> | Request): Body {
  const body = (req.body as Body | undefined) ?? {};
  const typed = readTyped(body);
  return typed ? { ...typed.values, base: body.base, again: body.again } : body;
}
