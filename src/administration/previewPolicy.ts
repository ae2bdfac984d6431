import { structuredPatch } from 'diff';
import type { Access } from '../access/access.js';
import type { Deps } from '../deps.js';
import { findTenantless, type Tenantless } from '../entra/homeTenants.js';
import type { Consequence } from '../licences/forecast.js';
import { costsOfPolicy } from '../licences/standing.js';
import { policyChanges, type PolicyChange } from '../policy/changes.js';
import type { PolicyFault } from '../policy/policyFault.js';
import { parsedJson } from '../policy/rawJson.js';
import type { WrittenTexts } from '../policy/texts.js';
import { faultsOf, type LoadedPolicy } from '../policyFile/policyReading.js';
import { writtenTerms } from '../policyFile/terms.js';
import { findDirectoryFaults } from './directoryFaults.js';
import { draftPolicy, type PolicyProposal } from './draftPolicy.js';
import { replay, type Replay } from './replay.js';

/** What differs between two policies; `terms` is null when their terms of use are the same. */
export type PolicyDifference = {
  changes: PolicyChange[];
  lines: DiffLine[] | null;
  terms: { lines: DiffLine[] | null } | null;
};

/** What a proposal would do; the difference is from the policy in force. */
export type PolicyPreview = PolicyDifference & {
  text: string;
  differs: boolean;
  /** Where the policy's own check refuses the text, nothing is looked up in the directory, and nothing replayed. */
  faults: PolicyFault[];
  /** Paths of ids that could not be looked up in the directory. */
  unchecked: string[];
  tenantless: Tenantless[];
  replay: Replay | null;
  /** How many licences it needs more or fewer. */
  costs: Consequence[];
};

/** Shows what a proposal would do; null when the policy file is not what the proposal was made from. */
export async function previewPolicy(
  deps: Deps,
  access: Access,
  proposal: PolicyProposal,
): Promise<PolicyPreview | null> {
  const draft = await draftPolicy(deps, proposal);
  if (!draft) return null;
  const { text, reading, current, differs } = draft;
  const loaded = reading.kind === 'loaded' ? reading.loaded : null;
  const difference = policyDifference(textsInForce(current), { ...textsInForce(loaded ?? current), text });
  const shown = { ...difference, text, differs };
  if (!loaded)
    return { ...shown, faults: faultsOf(reading), unchecked: [], tenantless: [], replay: null, costs: [] };
  const [directory, tenantless] = await Promise.all([
    findDirectoryFaults(deps, loaded),
    findTenantless(deps.config, current.policy.document, loaded.policy.document),
  ]);
  return {
    ...shown,
    ...directory,
    tenantless,
    replay: await replay(deps, access, current.policy, loaded.policy),
    costs: await costsOfPolicy(deps.store.db, current.policy, loaded.policy),
  };
}

type Texts = { text: string; terms: WrittenTexts | null };

export function textsInForce({ text, terms }: LoadedPolicy): Texts {
  return { text, terms: terms && writtenTerms(terms) };
}

export function policyDifference(before: Texts, after: Texts): PolicyDifference {
  const [old, fresh] = [termsInOne(before), termsInOne(after)];
  return {
    changes: policyChanges(parsedJson(before.text), parsedJson(after.text)),
    lines: lineDiff(before.text, after.text),
    terms: old === fresh ? null : { lines: lineDiff(old ?? '', fresh ?? '') },
  };
}

/** All terms in one text, each below the tag of its language, in one order whatever the policy has: so that only what differs does. */
function termsInOne({ terms }: Texts): string | undefined {
  if (terms === null || typeof terms === 'string') return terms ?? undefined;
  return Object.entries(terms)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([language, text]) => `${language}:\n\n${text.trimEnd()}\n`)
    .join('\n');
}

/** A line of a difference with its surroundings; `gap` stands for lines that are the same in both. */
export type DiffLine = { kind: 'same' | 'ins' | 'del' | 'gap'; text: string };

const CONTEXT_LINES = 3;
/** Texts that have little in common take quadratic time, and a difference line by line would say nothing of them. */
const LONGEST_MS = 300;
const MOST_LINES = 2_000;
const LONGEST_LINE = 1_000;

/** What differs between two texts, line by line; null when they differ too much to be shown so. */
export function lineDiff(before: string, after: string): DiffLine[] | null {
  const options = { context: CONTEXT_LINES, timeout: LONGEST_MS };
  const patch = structuredPatch('', '', before, after, '', '', options);
  if (!patch) return null;
  const lines = patch.hunks.flatMap(({ lines: hunk, oldStart }, index): DiffLine[] => [
    ...(index > 0 || oldStart > 1 ? [{ kind: 'gap' as const, text: '' }] : []),
    ...hunk.filter((line) => !line.startsWith('\\')).map(asDiffLine),
  ]);
  return lines.length > MOST_LINES ? null : lines;
}

const KINDS: Record<string, DiffLine['kind']> = { '+': 'ins', '-': 'del' };

function asDiffLine(line: string): DiffLine {
  const text = line.slice(1).replace(/\r$/, '');
  const shown = text.length > LONGEST_LINE ? `${text.slice(0, LONGEST_LINE)} …` : text;
  return { kind: KINDS[line.charAt(0)] ?? 'same', text: shown };
}
