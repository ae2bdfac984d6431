import { GraphFault } from '../graph/graphFault.js';
import type { Log } from '../log.js';
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
import {
  trouble,
  type Check,
  type Finding,
  type CheckUp,
  type Patient,
  type TenantPatient,
} from './finding.js';

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
 * Examines the running configuration against the tenant. It changes nothing, sends nothing, and always ends: a check that
 * takes longer than `limitMs` is itself a finding. Without a token, or when Graph does not answer, the checks that need
 * Graph are left out, so that one fault is one finding.
 */
export async function examine(patient: Patient, limitMs = LIMIT_MS): Promise<Finding[]> {
  const limit = { limitMs, log: patient.log };
  const local = OURSELVES.map(([check, work]) =>
    within(limit, check, (signal) => work(patient, signal), onlyTrouble),
  );
  return (await Promise.all([examineTenant(patient, limit), ...local])).flat();
}

async function examineTenant(patient: Patient, limit: Limit): Promise<Finding[]> {
  const token = await within(
    limit,
    'token',
    (signal) => examineToken(patient, signal),
    (findings) => ({ findings, permissions: null }),
  );
  const { permissions } = token;
  if (!permissions) return token.findings;
  const answer = await within(
    limit,
    'graph',
    (signal) => examineGraph(patient, signal),
    (findings) => ({ findings, reached: false, organization: null }),
  );
  const tenantPatient = { ...patient, permissions, organization: answer.organization };
  const checks = answer.reached ? TENANT : TENANT.filter(([check]) => check === 'permissions');
  const further = checks.map(([check, work]) =>
    within(limit, check, (signal) => work(tenantPatient, signal), onlyTrouble),
  );
  return withoutEchoes([...token.findings, ...answer.findings, ...(await Promise.all(further)).flat()]);
}

const onlyTrouble = (findings: Finding[]) => findings;

/** A missing permission is one finding, not one more for each check that needs it. */
function withoutEchoes(findings: Finding[]): Finding[] {
  const missing = findings.filter(({ code }) => code === 'missing').map(({ values }) => values.permission);
  const isEcho = ({ check, code }: Finding) =>
    code === 'portalRolesUnseen'
      ? missing.includes('Application.Read.All')
      : code === 'forbidden' && READING[check]?.some((needed) => missing.includes(needed));
  return findings.filter((one) => !isEcho(one));
}

type Limit = { limitMs: number; log: Log };

/** Runs one check. When it takes too long or fails, `troubled` makes the result from the finding that says so. */
async function within<T>(
  { limitMs, log }: Limit,
  check: Check,
  work: (signal: AbortSignal) => Promise<T>,
  troubled: (findings: Finding[]) => T,
): Promise<T> {
  const signal = AbortSignal.timeout(limitMs);
  const hangs = new Promise<T>((resolve) => {
    signal.addEventListener('abort', () => {
      resolve(troubled([trouble(check, 'hangs', { seconds: Math.round(limitMs / 1000) })]));
    });
  });
  const done = work(signal).catch((error: unknown) => {
    if (signal.aborted) return hangs;
    if (error instanceof GraphFault) return troubled([ofFault(check, error)]);
    log.error({ err: error, check }, 'a check of the doctor failed');
    return troubled([trouble(check, 'failed')]);
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
