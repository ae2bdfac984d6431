import { z } from 'zod';
import { parseAddress, type Address, type AddressFault } from '../policy/address.js';

const FIELDS = ['email', 'firstName', 'lastName', 'company', 'reason'] as const;
type Field = (typeof FIELDS)[number] | 'terms';

/** What was typed, as it is shown again. Fields that the form does not have are not looked at. */
export type FormValues = Record<(typeof FIELDS)[number], string> & { terms: boolean };

/** `code` names a message under `form.fault`; `max` is the length that was exceeded. */
export type FormFault = { field: Field; code: string; max?: number };

export type FormInput = {
  address: Address;
  firstName: string;
  lastName: string;
  company: string;
  reason: string;
  acceptedTerms: string | null;
};

export type FormResult =
  | { ok: true; input: FormInput }
  | { ok: false; values: FormValues; faults: FormFault[]; suggestion: string | null };

export const EMPTY_FORM: FormValues = {
  email: '',
  firstName: '',
  lastName: '',
  company: '',
  reason: '',
  terms: false,
};

const line = (max: number) =>
  z
    .string('missing')
    .trim()
    .min(1, 'missing')
    .max(max, 'tooLong')
    .regex(/^[^\p{Cc}\p{Cf}]*$/u, 'character');

// The name is the one thing typed here that enters a mail: letters only, and nothing that reads as a link.
const name = line(64)
  .regex(/^[\p{L}\p{M} '’.-]*$/u, 'name')
  .refine((value) => !/\s\.|\.\p{L}{2,}/u.test(value), 'name');

const schema = z.object({
  firstName: name,
  lastName: name,
  company: line(100),
  reason: z
    .string('missing')
    .trim()
    .min(1, 'missing')
    .max(1000, 'tooLong')
    .regex(/^([^\p{Cc}]|[\r\n\t])*$/u, 'character'),
});

/**
 * Reads the posted form.
 *
 * @param body as the body parser gives it: repeated fields are arrays, and refused
 * @param termsHash SHA-256 of the terms in force; null when there are none to accept
 */
export function readSignUpForm(
  body: Record<string, unknown> | undefined,
  termsHash: string | null,
): FormResult {
  const posted = body ?? {};
  const fields = posted.useSuggestion === undefined ? posted : { ...posted, email: plain(posted.email) };
  const accepted = acceptedTerms(fields.terms, termsHash);
  const email = parseAddress(fields.email);
  const rest = schema.safeParse(fields);
  if (email.ok && rest.success && accepted.ok) {
    return {
      ok: true,
      input: { address: email.address, ...rest.data, acceptedTerms: termsHash },
    };
  }
  const faults: FormFault[] = [
    ...(email.ok ? [] : [{ field: 'email' as const, code: emailCode(email.fault) }]),
    ...firstFaults(rest.error),
    ...(accepted.ok ? [] : [{ field: 'terms' as const, code: accepted.code }]),
  ];
  const suggestion = !email.ok && email.suggestion !== undefined ? email.suggestion : null;
  return { ok: false, values: { ...typed(fields), terms: accepted.ok }, faults, suggestion };
}

/** The address without its tag, for the button that offers it. */
function plain(email: unknown): unknown {
  const parsed = parseAddress(email);
  return parsed.ok ? email : (parsed.suggestion ?? email);
}

function emailCode(fault: AddressFault): string {
  return `email.${fault}`;
}

function firstFaults(error: z.ZodError | undefined): FormFault[] {
  const issues = error?.issues ?? [];
  return FIELDS.flatMap((field) => {
    const issue = issues.find(({ path }) => path[0] === field);
    return issue ? [faultOf(field, issue)] : [];
  });
}

function faultOf(field: Field, issue: z.core.$ZodIssue): FormFault {
  if (issue.message === 'missing') return { field, code: `${field}.missing` };
  return {
    field,
    code: `text.${issue.message}`,
    ...(issue.code === 'too_big' && { max: Number(issue.maximum) }),
  };
}

/**
 * The checkbox's value is the hash of the text that it stood beside; a text that has changed since was not accepted. Any
 * other value comes from a client that shows no form of ours, and means the text in force.
 */
function acceptedTerms(value: unknown, hash: string | null): { ok: true } | { ok: false; code: string } {
  if (hash === null) return { ok: true };
  if (typeof value !== 'string' || value === '') return { ok: false, code: 'terms.missing' };
  const outdated = /^[0-9a-f]{64}$/.test(value) && value !== hash;
  return outdated ? { ok: false, code: 'terms.changed' } : { ok: true };
}

function typed(fields: Record<string, unknown>): Omit<FormValues, 'terms'> {
  const text = (field: string) => (typeof fields[field] === 'string' ? fields[field].slice(0, 2000) : '');
  return {
    email: text('email'),
    firstName: text('firstName'),
    lastName: text('lastName'),
    company: text('company'),
    reason: text('reason'),
  };
}
