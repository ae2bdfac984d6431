import { z } from 'zod';
import type { PolicyProposal } from '../../../administration/draftPolicy.js';
import { findVersionTexts } from '../../../administration/policyVersions.js';
import type { Deps } from '../../../deps.js';
import { malformed, notFound } from '../../../errors.js';
import { localPath } from '../../../http/localPath.js';
import { isNestedDeeperThan } from '../../../policy/rawJson.js';
import type { WrittenTexts } from '../../../policy/texts.js';
import { fieldsOfTyped, readTyped, type TypedForm } from '../form/typedForm.js';

/** A proposal as it goes back and forth between the pages: with what a person says about it, and where it came from. */
export type SentProposal = {
  proposal: PolicyProposal;
  /** The page that follows when it is saved or discarded. */
  back: string;
  comment?: string;
  restoredFrom?: string;
  /** The form that made it; the policy's text does without. */
  form?: TypedForm;
};

export const COMMENT_LENGTH = 500;

/** Far more than a policy needs, and few enough for what walks through it. */
const DEEPEST = 64;
/** A form changes tens of values at once. */
const MOST_EDITS = 1_000;

const jsonText = z.string().refine((text) => !isNestedDeeperThan(text, DEEPEST));
/** PostgreSQL refuses a NUL. */
const plainText = z.string().regex(/^([^\p{Cc}\p{Cs}]|[\t\r\n])*$/u);
const edits = z
  .array(
    z
      .object({
        path: z
          .array(z.union([z.string(), z.int()]))
          .min(1)
          .max(10),
        value: z.unknown().optional(),
      })
      // An edit that removes something comes without its value, since JSON has no undefined.
      .transform(({ path, value }) => ({ path, value })),
  )
  .max(MOST_EDITS);

// Other fields are ignored; a field that is sent twice arrives as a list and is refused.
const posted = z.object({
  base: z.string().regex(/^[0-9a-f]{64}$/),
  text: jsonText.optional(),
  edits: jsonText.optional(),
  terms: plainText.optional(),
  termsByLanguage: jsonText.optional(),
  restores: z
    .string()
    .regex(/^\d{1,18}$/)
    .optional(),
  comment: plainText.trim().max(COMMENT_LENGTH).optional(),
  back: z.string().optional(),
  form: z.string().optional(),
  typed: z.string().optional(),
});

/**
 * Reads a proposal from a form: a whole text, edits, or the number of the version to roll back to.
 *
 * @throws {PublicError} `malformed` for what no form of ours sends, `notFound` for a version that is not there
 */
export async function readProposal(deps: Deps, body: unknown): Promise<SentProposal> {
  const parsed = posted.safeParse(body);
  if (!parsed.success) throw malformed();
  const { base, text, restores, comment, back } = parsed.data;
  const form = readTyped(parsed.data);
  const origin = { back: backTo(back), ...(comment && { comment }), ...(form && { form }) };
  if (restores !== undefined) {
    const texts = await findVersionTexts(deps, restores);
    if (!texts) throw notFound();
    return { ...origin, proposal: { base, ...texts }, restoredFrom: restores };
  }
  const change = text !== undefined ? { text } : { edits: readEdits(parsed.data.edits) };
  return { ...origin, proposal: { base, ...readTerms(parsed.data), ...change } };
}

function readEdits(json: string | undefined) {
  return readJson(edits, json ?? '');
}

function readTerms({ terms, termsByLanguage }: z.infer<typeof posted>): Pick<PolicyProposal, 'terms'> {
  if (termsByLanguage !== undefined)
    return { terms: readJson(z.record(z.string(), plainText), termsByLanguage) };
  return terms === undefined ? {} : { terms };
}

function readJson<T>(schema: z.ZodType<T>, json: string): T {
  try {
    const parsed = schema.safeParse(JSON.parse(json));
    if (parsed.success) return parsed.data;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw malformed();
}

function backTo(wanted: string | undefined): string {
  const path = wanted === undefined ? '' : localPath(wanted);
  return path.startsWith('/admin/') ? path : '/admin/policy';
}

/** The hidden fields in which new terms go along. */
export function fieldsOfTerms(terms: WrittenTexts | undefined): [name: string, value: string][] {
  if (terms === undefined) return [];
  return [typeof terms === 'string' ? ['terms', terms] : ['termsByLanguage', JSON.stringify(terms)]];
}

/** The hidden fields that make exactly this proposal again. */
export function fieldsOf({
  proposal,
  back,
  restoredFrom,
  form,
}: SentProposal): [name: string, value: string][] {
  const fields: Record<string, string | undefined> = {
    base: proposal.base,
    back,
    ...(form && fieldsOfTyped(form)),
    ...(restoredFrom !== undefined
      ? { restores: restoredFrom }
      : {
          ...('text' in proposal ? { text: proposal.text } : { edits: JSON.stringify(proposal.edits) }),
          ...Object.fromEntries(fieldsOfTerms(proposal.terms)),
        }),
  };
  return Object.entries(fields).filter((field): field is [string, string] => field[1] !== undefined);
}
