import type { z } from 'zod';
import { crossCheck } from './crossCheck.js';
import { childPath, walkJson } from './jsonWalk.js';
import { locateFaults, placesIn } from './locateFaults.js';
import { reason, type FaultReason, type PolicyFault } from './policyFault.js';
import { entriesIn, listIn, parsedJson } from './rawJson.js';
import {
  appSchema,
  envelopeSchema,
  groupSchema,
  keySchema,
  partnerSchema,
  says,
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
    const { path, fault, offset } = event;
    faults.push({ path, ...fault, ...place(offset) });
  });
  return faults.length > 0 ? faults : [{ path: '', ...reason('json.endsEarly') }];
}

async function badKeys(json: string): Promise<PolicyFault[]> {
  const faults: PolicyFault[] = [];
  await eachInSlices(walkJson(json), (event) => {
    if (event.kind === 'badKey') faults.push({ path: event.path, ...event.fault });
  });
  return faults;
}

async function readDocument(value: unknown, faults: PolicyFault[]): Promise<PolicyDocument | undefined> {
  const envelope = readWith(envelopeSchema, value, '', faults);
  readBehindBadKeys(value, faults);
  const partners: Partner[] = [];
  await eachInSlices(listIn(value, 'partners'), (item, index) => {
    const partner = readWith(partnerSchema, item, `partners[${index}]`, faults);
    if (partner !== undefined && envelope !== undefined)
      partners.push(withRedirectUrl(partner, envelope.apps));
  });
  return envelope && { ...envelope, partners };
}

/** zod does not look at the value of a key that it refuses. */
function readBehindBadKeys(value: unknown, faults: PolicyFault[]): void {
  for (const [section, schema] of [['groups', groupSchema] as const, ['apps', appSchema] as const]) {
    for (const [key, item] of entriesIn(value, section)) {
      if (!keySchema.safeParse(key).success) readWith<unknown>(schema, item, childPath(section, key), faults);
    }
  }
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
  const result = schema.safeParse(value, { error: ownFault });
  if (result.success) return result.data;
  faults.push(...result.error.issues.flatMap((issue) => faultsOf(issue, base)));
  return undefined;
}

// The faults that the schema itself does not name.
function ownFault(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'invalid_value') {
    return says('oneOf', { options: issue.values.map((value) => JSON.stringify(value)).join(', ') });
  }
  if (issue.code !== 'invalid_type') return undefined;
  const wrongType = WRONG_TYPE[issue.expected];
  return issue.input === undefined ? says('missing') : wrongType && says(wrongType);
}

const WRONG_TYPE: Partial<Record<string, 'type.text' | 'type.list' | 'type.object' | 'type.flag'>> = {
  string: 'type.text',
  array: 'type.list',
  object: 'type.object',
  record: 'type.object',
  boolean: 'type.flag',
};

function faultsOf(issue: z.core.$ZodIssue, base: string): PolicyFault[] {
  const path = issue.path.reduce<string>((above, key) => childPath(above, asKey(key)), base);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: childPath(path, key), ...reason('unknownKey') }));
  }
  // Each kind of value that is allowed has its own faults: those of the kind that was written count.
  if (issue.code === 'invalid_union') {
    const kind = issue.errors.find((errors) => !errors.some(isOfAnotherKind));
    if (kind) return kind.flatMap((inner) => faultsOf(inner, path));
  }
  if (issue.code === 'invalid_key') return issue.issues.map((inner) => ({ path, ...said(inner) }));
  return [{ path, ...said(issue) }];
}

function isOfAnotherKind({ code, path }: z.core.$ZodIssue): boolean {
  return code === 'invalid_type' && path.length === 0;
}

/** What {@link says} has packed. */
function said({ message }: z.core.$ZodIssue): FaultReason {
  return JSON.parse(message) as FaultReason;
}

function asKey(key: PropertyKey): string | number {
  return typeof key === 'symbol' ? key.toString() : key;
}
