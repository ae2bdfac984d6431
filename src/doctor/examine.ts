import { GraphFault } from '../graph/graphFault.js';
import { examineApps } from './checks/apps.js';
import { examineGraph } from './checks/graph.js';
import { examineGroups } from './checks/groups.js';
import { examineHomeTenants } from './checks/homeTenants.js';
import { examineInvitations } from './checks/invitations.js';
import { examineMail } from './checks/mail.js';
import { examinePeople } from './checks/people.js';
import { examinePermissions } from './checks/permissions.js';
import { examineOwnDomains, examinePolicy } from './checks/policy.js';
import { examineQueue } from './checks/queue.js';
import { examineRegistration } from './checks/registration.js';
import { examineSettings } from './checks/settings.js';
import { examineStore } from './checks/store.js';
import { examineToken } from './checks/token.js';
import { trouble, type Check, type Finding } from './finding.js';
import type { CheckUp, Patient, TenantPatient } from './patient.js';

const OURSELVES: [Check, CheckUp][] = [
  ['settings', examineSettings],
  ['policy', examinePolicy],
  ['mail', examineMail],
  ['store', examineStore],
  ['queue', examineQueue],
];

const TENANT: [Check, CheckUp<TenantPatient>][] = [
  ['permissions', examinePermissions],
  ['policy', examineOwnDomains],
  ['policy', examineHomeTenants],
  ['groups', examineGroups],
  ['apps', examineApps],
  ['people', examinePeople],
  ['invitations', examineInvitations],
  ['registration', examineRegistration],
];

/** How long one check may take. */
export const LIMIT_MS = 20_000;

/**
 * Examines the running configuration against the tenant. Changes nothing, sends nothing, and always comes to an end: a check
 * that takes longer than `limitMs` is itself a finding. Where no token is to be had, or Graph does not answer, what would ask
 * Graph is left out, so that one fault is one finding.
 */
export async function examine(patient: Patient, limitMs = LIMIT_MS): Promise<Finding[]> {
  const local = OURSELVES.map(([check, work]) =>
    within(limitMs, check, patient, (signal) => work(patient, signal)),
  );
  return (await Promise.all([examineTenant(patient, limitMs), ...local])).flat();
}

async function examineTenant(patient: Patient, limitMs: number): Promise<Finding[]> {
  const known: Known = { permissions: null, reached: false, organization: null };
  const access = await within(limitMs, 'token', patient, async (signal) => {
    const { findings, permissions } = await examineToken(patient, signal);
    known.permissions = permissions;
    return findings;
  });
  const { permissions } = known;
  if (!permissions) return access;
  const answer = await within(limitMs, 'graph', patient, async (signal) => {
    const { findings, ...learnt } = await examineGraph(patient, signal);
    Object.assign(known, learnt);
    return findings;
  });
  const tenantPatient = { ...patient, permissions, organization: known.organization };
  const checks = known.reached ? TENANT : TENANT.filter(([check]) => check === 'permissions');
  const further = checks.map(([check, work]) =>
    within(limitMs, check, patient, (signal) => work(tenantPatient, signal)),
  );
  return withoutEchoes([...access, ...answer, ...(await Promise.all(further)).flat()]);
}

/** What the first checks learn for the others. */
type Known = Pick<TenantPatient, 'organization'> & { permissions: Set<string> | null; reached: boolean };

/** A permission that is missing is one finding, not also one for each check that would have needed it. */
function withoutEchoes(findings: Finding[]): Finding[] {
  const missing = findings.filter(({ code }) => code === 'missing').map(({ values }) => values.permission);
  return findings.filter(
    ({ check, code }) => code !== 'forbidden' || !READING[check]?.some((needed) => missing.includes(needed)),
  );
}

/** Runs one check; whatever befalls it is a finding. */
async function within(
  limitMs: number,
  check: Check,
  { log }: Patient,
  work: (signal: AbortSignal) => Promise<Finding[]>,
): Promise<Finding[]> {
  const signal = AbortSignal.timeout(limitMs);
  const hangs = new Promise<Finding[]>((resolve) => {
    signal.addEventListener('abort', () => {
      resolve([trouble(check, 'hangs', { seconds: Math.round(limitMs / 1000) })]);
    });
  });
  const done = work(signal).catch((error: unknown) => {
    if (signal.aborted) return hangs;
    if (error instanceof GraphFault) return [ofFault(check, error)];
    log.error({ err: error, check }, 'a check of the doctor broke off');
    return [trouble(check, 'failed')];
  });
  return Promise.race([done, hangs]);
}

function ofFault(check: Check, { kind, message, code }: GraphFault): Finding {
  if (kind === 'forbidden') {
    return trouble(check, 'forbidden', { permission: (READING[check] ?? []).join(' + ') });
  }
  return trouble(check, 'noAnswer', { message: [code, message].filter(Boolean).join(': ') });
}

/** What a check needs to read. */
const READING: Partial<Record<Check, string[]>> = {
  groups: ['GroupMember.ReadWrite.All'],
  apps: ['Application.Read.All'],
  people: ['User.Read.All', 'GroupMember.ReadWrite.All'],
  registration: ['Application.Read.All', 'GroupMember.ReadWrite.All'],
  invitations: ['Policy.Read.All'],
};
