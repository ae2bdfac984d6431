import { z } from 'zod';
import { malformed } from '../../../errors.js';
import { localPath } from '../../../http/localPath.js';
import type { FormValue } from './fields.js';

/**
 * A form as it was filled in. It goes along with what is made of it, so that one can return to it from the preview, and so that
 * a conflict while saving is shown where the values were typed. Without values it stands for a button, such as the one that
 * removes a partner.
 */
export type TypedForm = { path: string; values: Record<string, FormValue> };

const FORM_PATH = /^\/admin\/(partners|apps|groups|settings)(\/[^?]*)?$/;
const typedValues = z.record(z.string(), z.union([z.string(), z.array(z.string())]));

/** The fields in which a form goes along. */
export function fieldsOfTyped({ path, values }: TypedForm): { form: string; typed: string } {
  return { form: path, typed: JSON.stringify(values) };
}

/**
 * Reads the fields of `fieldsOfTyped`; undefined without them.
 *
 * @throws {PublicError} `malformed`
 */
export function readTyped({ form, typed }: Record<string, unknown>): TypedForm | undefined {
  if (form === undefined && typed === undefined) return undefined;
  if (typeof form !== 'string' || typeof typed !== 'string') throw malformed();
  if (localPath(form) !== form || !FORM_PATH.test(form)) throw malformed();
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
