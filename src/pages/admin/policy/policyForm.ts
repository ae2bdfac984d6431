import { z } from 'zod';
import type { PolicyProposal } from '../../../administration/draftPolicy.js';
import type { Deps } from '../../../deps.js';
import { malformed, notFound } from '../../../errors.js';
import { localPath } from '../../../http/localPath.js';
import { isNestedDeeperThan } from '../../../policy/rawJson.js';
import { findPolicyVersion } from '../../../store/policyVersions.js';
import { fieldsOfTyped, readTyped, type TypedForm } from '../form/typedForm.js';

/**
 * Where the form stands that made a proposal, what a person says about it, and the form itself where it has fields of its own:
 * the policy's text does without.
 */
export type ProposalFrom = { back: string; comment?: string; restoredFrom?: string; form?: TypedForm };

export type ProposalForm = { proposal: PolicyProposal; from: ProposalFrom };

export const COMMENT_LENGTH = 500;

/** Far more than a policy needs, and few enough for what walks through it. */
const DEEPEST = 64;
/** A form changes tens of values at once. */
const MOST_EDITS = 1_000;

const json = z.string().refine((text) => !isNestedDeeperThan(text, DEEPEST));
/** PostgreSQL takes no NUL. */
const text = z.string().regex(/^([^\p{Cc}\p{Cs}]|[\t\r\n])*$/u);
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
      // JSON knows no undefined: an edit that removes something comes without its value.
      .transform(({ path, value }) => ({ path, value })),
  )
  .max(MOST_EDITS);

// What else a body holds is ignored; a field that is sent twice arrives as a list and is refused.
const posted = z.object({
  base: z.string().regex(/^[0-9a-f]{64}$/),
  text: json.optional(),
  edits: json.optional(),
  terms: text.optional(),
  restores: z
    .string()
    .regex(/^\d{1,18}$/)
    .optional(),
  comment: text.trim().max(COMMENT_LENGTH).optional(),
  back: z.string().optional(),
  form: z.string().optional(),
  typed: z.string().optional(),
});

/**
 * Reads a proposal from a form: a whole text, edits, or the number of the version to roll back to.
 *
 * @throws malformed when a field is missing, sent twice or of another shape: no person can cause that
 */
export async function readProposal(deps: Deps, body: unknown): Promise<ProposalForm> {
  const parsed = posted.safeParse(body);
  if (!parsed.success) throw malformed();
  const { base, text, terms, restores, comment, back } = parsed.data;
  const form = readTyped(parsed.data);
  const from = { back: backTo(back), ...(comment && { comment }), ...(form && { form }) };
  if (restores !== undefined) {
    const version = await findPolicyVersion(deps.store.db, restores);
    if (!version) throw notFound();
    const itsTerms = version.terms === null ? {} : { terms: version.terms };
    return { proposal: { base, text: version.text, ...itsTerms }, from: { ...from, restoredFrom: restores } };
  }
  const withTerms = { base, ...(terms !== undefined && { terms }) };
  if (text !== undefined) return { proposal: { ...withTerms, text }, from };
  return { proposal: { ...withTerms, edits: readEdits(parsed.data.edits) }, from };
}

function readEdits(json: string | undefined) {
  try {
    const parsed = edits.safeParse(JSON.parse(json ?? ''));
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

/** The hidden fields that make exactly this proposal again. */
export function fieldsOf({ proposal, from }: ProposalForm): [name: string, value: string][] {
  const fields: Record<string, string | undefined> = {
    base: proposal.base,
    back: from.back,
    ...(from.form && fieldsOfTyped(from.form)),
    ...(from.restoredFrom !== undefined
      ? { restores: from.restoredFrom }
      : {
          ...('text' in proposal ? { text: proposal.text } : { edits: JSON.stringify(proposal.edits) }),
          terms: proposal.terms,
        }),
  };
  return Object.entries(fields).filter((field): field is [string, string] => field[1] !== undefined);
}
