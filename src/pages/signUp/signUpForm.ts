import { z } from 'zod';
import { parseAddress, type Address } from '../../policy/address.js';
import { companyName, personName } from '../../requests/submit/names.js';

const FIELDS = ['email', 'firstName', 'lastName', 'company', 'reason'] as const;
type Field = (typeof FIELDS)[number] | 'terms';

/** The typed values, as the form shows them again; `terms` is the SHA-256 of the terms beside the tick, '' without one. */
export type FormValues = Record<Field, string>;

/** `code` names a message under `form.fault`; `max` is the length that was exceeded. */
type FormFault = { field: Field; code: string; max?: number };

type FormInput = {
  address: Address;
  firstName: string;
  lastName: string;
  company: string;
  reason: string;
  acceptedTerms: string | null;
};

/** What is wrong with the typed address, and another one to use; null if only its owner knows one. */
type Suggestion = { kind: 'plus' | 'international' | 'lookAlike'; address: string | null };

/** What is wrong with a form, in the order of its fields. */
export type FormFaults = { faults: FormFault[]; suggestion: Suggestion | null };

type Refused = FormFaults & { ok: false; values: FormValues };
export type FormResult = { ok: true; input: FormInput } | Refused;
export type AddressFormResult = { ok: true; address: Address } | Refused;

/** The answer to an address whose domain looks like a partner's; null for any other. See `policy/lookAlikes/didYouMean.ts`. */
type LookAlikeOf = (address: Address) => { suggestion: string | null } | null;

const MOST_SHOWN = 20_000;

export const EMPTY_FORM: FormValues = {
  email: '',
  firstName: '',
  lastName: '',
  company: '',
  reason: '',
  terms: '',
};

export const NO_FAULTS: FormFaults = { faults: [], suggestion: null };

const schema = z.object({
  firstName: personName,
  // Some people have one name.
  lastName: z.preprocess(
    (typed) => typed ?? '',
    personName.or(
      z
        .string()
        .regex(/^\s*$/)
        .transform(() => ''),
    ),
  ),
  company: companyName,
  reason: z
    .string('missing')
    .trim()
    .min(1, 'missing')
    .max(1000, 'tooLong')
    .regex(/^([^\p{Cc}]|[\r\n\t])*$/u, 'character'),
});

/** Reads the first step, the address alone. @param body see {@link readSignUpForm} */
export function readAddressForm(
  body: Record<string, unknown> | undefined,
  lookAlikeOf: LookAlikeOf,
): AddressFormResult {
  const { email, fields } = readEmail(body ?? {}, lookAlikeOf);
  if (email.ok) return email;
  const { fault, suggestion } = email;
  return {
    ok: false,
    values: typedValues(fields),
    faults: [{ field: 'email', code: `email.${fault}` }],
    suggestion,
  };
}

/** The terms in force by their SHA-256: those for the reader of the form, and those in every language. */
export type TermsHashes = { shown: string; all: readonly string[] };

/**
 * Reads the posted form.
 *
 * @param body as the body parser returns it: repeated fields are arrays, and refused
 * @param terms null when there are none to accept
 */
export function readSignUpForm(
  body: Record<string, unknown> | undefined,
  terms: TermsHashes | null,
  lookAlikeOf: LookAlikeOf = () => null,
): FormResult {
  const { email, fields } = readEmail(body ?? {}, lookAlikeOf);
  const accepted = acceptedTerms(fields.terms, terms);
  const rest = schema.safeParse(fields);
  if (email.ok && rest.success && accepted.ok) {
    return {
      ok: true,
      input: { address: email.address, ...rest.data, acceptedTerms: accepted.hash },
    };
  }
  const faults: FormFault[] = [
    ...(email.ok ? [] : [{ field: 'email' as const, code: `email.${email.fault}` }]),
    ...firstFaults(rest.error),
    ...(accepted.ok ? [] : [{ field: 'terms' as const, code: accepted.code }]),
  ];
  const suggestion = email.ok ? null : email.suggestion;
  const values = typedValues(fields);
  return { ok: false, values: accepted.ok ? values : { ...values, terms: '' }, faults, suggestion };
}

/** The address as typed, or the suggested one where its button was pressed. */
function readEmail(
  posted: Record<string, unknown>,
  lookAlikeOf: LookAlikeOf,
): { email: ReadAddress; fields: Record<string, unknown> } {
  const asTyped = readAddress(posted.email, lookAlikeOf);
  const instead = posted.useSuggestion === undefined ? null : suggestedFor(asTyped);
  if (instead === null) return { email: asTyped, fields: posted };
  return { email: readAddress(instead, lookAlikeOf), fields: { ...posted, email: instead } };
}

type ReadAddress =
  { ok: true; address: Address } | { ok: false; fault: string; suggestion: Suggestion | null };

function readAddress(typed: unknown, lookAlikeOf: LookAlikeOf): ReadAddress {
  const parsed = parseAddress(typed);
  if (!parsed.ok) {
    const { fault, suggestion: address } = parsed;
    const kind = fault === 'international' ? fault : 'plus';
    return { ok: false, fault, suggestion: address === undefined ? null : { kind, address } };
  }
  const alike = lookAlikeOf(parsed.address);
  if (alike === null) return parsed;
  return { ok: false, fault: 'lookAlike', suggestion: { kind: 'lookAlike', address: alike.suggestion } };
}

/** The address that the button below the field offers. */
function suggestedFor(read: ReadAddress): string | null {
  return read.ok ? null : (read.suggestion?.address ?? null);
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

type Accepted = { ok: true; hash: string | null } | { ok: false; code: string };

/**
 * The value of the checkbox is the hash of the text that stood beside it, which is the one that was accepted, also when the person
 * has changed to another language since. Terms that have changed are not accepted. Any other value comes from a client without
 * our form, and means the terms in force.
 */
function acceptedTerms(value: unknown, terms: TermsHashes | null): Accepted {
  if (terms === null) return { ok: true, hash: null };
  if (typeof value !== 'string' || value === '') return { ok: false, code: 'terms.missing' };
  if (!isTermsHash(value)) return { ok: true, hash: terms.shown };
  return terms.all.includes(value) ? { ok: true, hash: value } : { ok: false, code: 'terms.changed' };
}

export function isTermsHash(value: string): boolean {
  return /^[0-9a-f]{64}$/.test(value);
}

/** What was typed, to be shown again: more than any field takes, so that a text that is too long can be shortened. */
export function typedValues(body: Record<string, unknown> | undefined): FormValues {
  const text = (field: string) => {
    const value = body?.[field];
    return typeof value === 'string' ? value.slice(0, MOST_SHOWN) : '';
  };
  return {
    email: text('email'),
    firstName: text('firstName'),
    lastName: text('lastName'),
    company: text('company'),
    reason: text('reason'),
    terms: text('terms'),
  };
}
