import { randomUUID } from 'node:crypto';
import { z } from 'zod';

// Faults that tests and people switch on: what a bad network, an overloaded service or a mail server does.

const when = z.enum(['before', 'after']);
const ms = z.number().int().min(0).max(600_000);
const status = z.number().int().min(200).max(599);

const httpFault = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('status'),
    status,
    headers: z.record(z.string(), z.string()).optional(),
    body: z.union([z.string(), z.record(z.string(), z.unknown())]).optional(),
    contentType: z.string().optional(),
  }),
  z.strictObject({ kind: z.literal('reset'), when }),
  z.strictObject({ kind: z.literal('hang'), when, ms }),
  z.strictObject({ kind: z.literal('truncate') }),
  z.strictObject({ kind: z.literal('html'), status }),
  // As many bytes after unpacking; packed, a thousandth of that travels.
  z.strictObject({
    kind: z.literal('size'),
    bytes: z
      .number()
      .int()
      .min(0)
      .max(2 ** 31),
    packed: z.boolean().default(false),
  }),
]);

const smtpFault = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('refuse'),
    code: z.number().int().min(400).max(599),
    message: z.string(),
  }),
  z.strictObject({ kind: z.literal('hang'), ms }),
  z.strictObject({ kind: z.literal('drop'), when }),
]);

/** What can be wrong with the id_token of a sign-in; the rest of the token is good. */
export const idTokenChanges = [
  'wrongIssuer',
  'wrongAudience',
  'wrongTenant',
  'templateTenant',
  'missingTenant',
  'personalAccount',
  'wrongNonce',
  'noNonce',
  'expired',
  'notYetValid',
  'algNone',
  'hs256WithPublicKey',
  'badSignature',
  'unknownKid',
  'missingKid',
  'missingSub',
  'missingOid',
  'missingIat',
] as const;

const signInFault = z.strictObject({ kind: z.literal('idToken'), change: z.enum(idTokenChanges) });

/** How often a fault strikes; 0 means until it is cleared. */
const times = z.number().int().min(0).default(1);

/** Strikes only calls or mails about these people: those of a domain, whichever way the call names them. */
const domain = z.string().toLowerCase().optional();

/** What `POST /control/faults` accepts. */
export const faultOrder = z.discriminatedUnion('on', [
  z.strictObject({
    on: z.enum(['graph', 'token']),
    method: z.string().toUpperCase().optional(),
    path: z.string().refine(isRegularExpression, 'is not a regular expression').optional(),
    domain,
    times,
    fault: httpFault,
  }),
  z.strictObject({ on: z.literal('smtp'), domain, times, fault: smtpFault }),
  z.strictObject({ on: z.literal('signIn'), times, fault: signInFault }),
]);

export type FaultOrder = z.output<typeof faultOrder>;
export type HttpFault = z.output<typeof httpFault>;
export type SmtpFault = z.output<typeof smtpFault>;
export type IdTokenChange = (typeof idTokenChanges)[number];
type ActiveFault = FaultOrder & { id: string; struck: number };

export type Faults = { active: ActiveFault[] };

export function addFault(faults: Faults, order: FaultOrder): string {
  const id = randomUUID();
  faults.active.push({ ...order, id, struck: 0 });
  return id;
}

/**
 * The oldest fault that fits the call, counted as used; undefined when the call goes through.
 * A fault on `token` without a path means the token endpoint alone; with one it reaches metadata and keys too.
 */
export function takeHttpFault(
  faults: Faults,
  on: 'graph' | 'token',
  { method, path, domains }: { method: string; path: string; domains: ReadonlySet<string> },
): HttpFault | undefined {
  for (const fault of faults.active) {
    if (fault.on === 'smtp' || fault.on === 'signIn' || fault.on !== on) continue;
    if (fault.method !== undefined && fault.method !== method) continue;
    if (fault.domain !== undefined && !domains.has(fault.domain)) continue;
    if (!new RegExp(fault.path ?? (on === 'token' ? '/token$' : '')).test(path)) continue;
    recordStrike(faults, fault);
    return fault.fault;
  }
  return undefined;
}

/** The same for one mail: a fault for everybody strikes at its beginning, one for a domain at a recipient of it. */
export function takeSmtpFault(
  faults: Faults,
  domains: ReadonlySet<string> | null = null,
): SmtpFault | undefined {
  for (const fault of faults.active) {
    if (fault.on !== 'smtp') continue;
    if (domains ? !domains.has(fault.domain ?? '') : fault.domain !== undefined) continue;
    recordStrike(faults, fault);
    return fault.fault;
  }
  return undefined;
}

/** The same for one id_token. */
export function takeIdTokenFault(faults: Faults): IdTokenChange | undefined {
  for (const fault of faults.active) {
    if (fault.on !== 'signIn') continue;
    recordStrike(faults, fault);
    return fault.fault.change;
  }
  return undefined;
}

const ADDRESS = /[\w.!#$%&'*+/=?^`{|}~-]+@([\w.-]+\w)/g;

/** The domains, in lower case, of the addresses in a text. */
export function domainsIn(text: string): Set<string> {
  return new Set([...text.matchAll(ADDRESS)].flatMap(([, name]) => name?.toLowerCase() ?? []));
}

function recordStrike(faults: Faults, fault: ActiveFault): void {
  fault.struck += 1;
  if (fault.struck === fault.times) faults.active = faults.active.filter((other) => other !== fault);
}

function isRegularExpression(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}
