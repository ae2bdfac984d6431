import type { z } from 'zod';
import { crossCheck } from './crossCheck.js';
import { childPath, walkJson } from './jsonWalk.js';
import { locateFaults, placesIn } from './locateFaults.js';
import type { PolicyFault } from './policyFault.js';
import { listIn, parsedJson } from './rawJson.js';
import {
  envelopeSchema,
  partnerSchema,
  type ParsedPartner,
  type Partner,
  type PolicyDocument,
} from './schema.js';
import { eachInSlices } from './slices.js';

export type ValidatedPolicy = { ok: true; document: PolicyDocument } | { ok: false; faults: PolicyFault[] };

/**
 * Reads a policy file's text (JSON; a byte-order mark is skipped) and checks everything that needs no directory.
 * Reports every fault at once, each with its place. Works in slices: 10,000 partners do not stall the event loop.
 */
export async function validatePolicy(text: string): Promise<ValidatedPolicy> {
  const json = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const value = parsedJson(json);
  if (value === undefined) return { ok: false, faults: await syntaxFaults(json) };
  const faults = await badKeys(json);
  const document = await readDocument(value, faults);
  await crossCheck(value, faults);
  if (document !== undefined && faults.length === 0) return { ok: true, document };
  return { ok: false, faults: await locateFaults(json, faults) };
}

async function syntaxFaults(json: string): Promise<PolicyFault[]> {
  const place = placesIn(json);
  const faults: PolicyFault[] = [];
  await eachInSlices(walkJson(json), (event) => {
    if (event.kind !== 'syntax') return;
    const { path, message, offset } = event;
    faults.push({ path, message, ...place(offset) });
  });
  return faults.length > 0 ? faults : [{ path: '', message: 'not valid JSON' }];
}

async function badKeys(json: string): Promise<PolicyFault[]> {
  const faults: PolicyFault[] = [];
  await eachInSlices(walkJson(json), (event) => {
    if (event.kind === 'badKey') faults.push({ path: event.path, message: event.message });
  });
  return faults;
}

async function readDocument(value: unknown, faults: PolicyFault[]): Promise<PolicyDocument | undefined> {
  const envelope = readWith(envelopeSchema, value, '', faults);
  const partners: Partner[] = [];
  await eachInSlices(listIn(value, 'partners'), (item, index) => {
    const partner = readWith(partnerSchema, item, `partners[${index}]`, faults);
    if (partner !== undefined && envelope !== undefined)
      partners.push(withRedirectUrl(partner, envelope.apps));
  });
  return envelope && { ...envelope, partners };
}

// A partner without either is reported by the cross-check.
function withRedirectUrl({ invitation, ...partner }: ParsedPartner, apps: PolicyDocument['apps']): Partner {
  const firstApp = partner.apps.map((key) => apps[key]?.url).find((url) => url !== undefined);
  return { ...partner, invitation: { ...invitation, redirectUrl: invitation.redirectUrl ?? firstApp ?? '' } };
}

/** Reads a value by a schema. Adds what is wrong to `faults`, with paths below `base`; then there is no result. */
function readWith<T>(
  schema: z.ZodType<T>,
  value: unknown,
  base: string,
  faults: PolicyFault[],
): T | undefined {
  const result = schema.safeParse(value, { error: message });
  if (result.success) return result.data;
  faults.push(...result.error.issues.flatMap((issue) => faultsOf(issue, base)));
  return undefined;
}

// The words for faults that the schema itself does not word.
function message(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'invalid_type' && issue.input === undefined) return 'is missing';
  if (issue.code === 'invalid_type') return `must be ${TYPES[issue.expected] ?? issue.expected}`;
  if (issue.code === 'invalid_value') {
    return `must be ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`;
  }
  return undefined;
}

const TYPES: Record<string, string> = {
  string: 'text in double quotes',
  array: 'a list in [ ]',
  object: 'an object in { }',
  record: 'an object in { }',
  boolean: 'true or false',
};

function faultsOf(issue: z.core.$ZodIssue, base: string): PolicyFault[] {
  const path = issue.path.reduce<string>((above, key) => childPath(above, asKey(key)), base);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: childPath(path, key), message: 'is not a known key' }));
  }
  if (issue.code === 'invalid_key') {
    return [{ path, message: `the key ${issue.issues[0]?.message ?? 'is not allowed'}` }];
  }
  return [{ path, message: issue.message }];
}

function asKey(key: PropertyKey): string | number {
  return typeof key === 'symbol' ? key.toString() : key;
}
