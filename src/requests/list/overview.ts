import type { Access } from '../../access/access.js';
import type { Deps } from '../../deps.js';
import type { Level } from '../../doctor/finding.js';
import type { PolicyFault } from '../../policy/policyFault.js';
import { pauseSecondsLeft } from '../../store/pauses.js';
import {
  countOpenRequests,
  countProblems,
  countSetAside,
  countSignUps,
  currentDay,
  findOverdue,
  type Standing,
} from '../../store/requestFigures.js';
import type { RequestState } from '../../store/schema.js';
import { partnerChoices, type PartnerChoice } from './list.js';
import { firstDay, signUpFigures, type PartnerFigures, type SignUpFigures } from './signUpFigures.js';

const DAYS = 30;
/** Work that has been due for longer than this waits for something other than its turn. */
const OVERDUE_SECONDS = 60;
const MOST_PARTNERS = 20;

export type Overview = {
  /** Open requests by state; a state without any is absent. */
  open: Map<RequestState, Standing>;
  /** Requests whose work is overdue. */
  overdue: number;
  /** What open requests are stuck or slowed down by. */
  problems: { code: string; count: number }[];
  /** What approvers have to look at though the policy alone would have let it in. */
  setAside: { code: string; count: number }[];
  signUps: Omit<SignUpFigures, 'partners'>;
  busiest: (PartnerFigures & { name: string | null })[];
  /** How many more partners had sign-ups. */
  otherPartners: number;
  /** Null where there are too many to choose from. */
  partners: PartnerChoice[] | null;
  /** Null for those who may not read the policy. */
  policy: { hash: string; loadedAt: Date; partners: number; faults: PolicyFault[] } | null;
  /** Seconds for which calls to Graph rest still; null for those who may not know how the tenant is. */
  pauseSeconds: number | null;
  /** What the latest examination has found, if this process made one; null for those who may not know. */
  examination: { at: Date; bad: number; warnings: number } | null;
};

/**
 * How the portal is doing, as far as a person may know. It asks the store alone: a page that waited for Graph would be
 * of no use when Graph does not answer.
 *
 * @param partner narrows the sign-ups, and nothing else
 */
export async function overview(deps: Deps, access: Access, partner: string | undefined): Promise<Overview> {
  const { db } = deps.store;
  const { policy } = deps.policy.current();
  const today = await currentDay(db);
  const [open, overdue, problems, setAside, counted, pauseSeconds] = await Promise.all([
    countOpenRequests(db, access.reads),
    findOverdue(db, access.reads, OVERDUE_SECONDS),
    countProblems(db, access.reads),
    countSetAside(db, access.reads),
    countSignUps(db, access.reads, firstDay(today, DAYS), partner),
    pauseSecondsLeft(db, ['graph']),
  ]);
  const { partners, ...signUps } = signUpFigures(counted, today, DAYS);
  return {
    open: new Map(open.map((standing) => [standing.state, standing])),
    overdue: overdue.count,
    problems,
    setAside,
    signUps,
    busiest: partners.slice(0, MOST_PARTNERS).map((figures) => ({
      ...figures,
      name: figures.partner && (policy.partner(figures.partner)?.name ?? figures.partner),
    })),
    otherPartners: Math.max(0, partners.length - MOST_PARTNERS),
    partners: partnerChoices(policy, access.reads),
    policy: access.rights.has('policy.read') ? policyState(deps) : null,
    ...(access.rights.has('doctor.read')
      ? { pauseSeconds, examination: examinationOf(deps) }
      : { pauseSeconds: null, examination: null }),
  };
}

function examinationOf({ doctor }: Deps): Overview['examination'] {
  const latest = doctor.latest();
  if (!latest) return null;
  const ofLevel = (wanted: Level) => latest.findings.filter(({ level }) => level === wanted).length;
  return { at: latest.at, bad: ofLevel('bad'), warnings: ofLevel('warning') };
}

function policyState({ policy }: Deps): Overview['policy'] {
  const { hash, loadedAt, policy: inForce } = policy.current();
  return { hash, loadedAt, partners: inForce.document.partners.length, faults: policy.faults() };
}
