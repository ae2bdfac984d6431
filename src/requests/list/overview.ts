import type { Access } from '../../access/access.js';
import type { Deps } from '../../deps.js';
import type { Level } from '../../doctor/finding.js';
import { warningsNow, type Warnings } from '../../licences/warn.js';
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
import { listPaced, type Paced } from '../../store/pacing.js';
import type { RequestState } from '../../store/schema.js';
import { partnerChoices, type PartnerChoice } from './list.js';
import { firstDay, signUpFigures, type PartnerFigures, type SignUpFigures } from './signUpFigures.js';

const DAYS = 30;
/** A request that has been due for longer does not just wait for its turn. */
const OVERDUE_SECONDS = 60;
const MOST_PARTNERS = 20;

export type Overview = {
  /** Open requests by state; a state without any is absent. */
  open: Map<RequestState, Standing>;
  /** How many requests are overdue. */
  overdue: number;
  /** The problems of open requests. */
  problems: { code: string; count: number }[];
  /** Why requests wait for an approver though the policy alone would have invited them. */
  setAside: { code: string; count: number }[];
  /** Tiers whose licences run out; none for people who may not see the report. */
  licences: Warnings;
  /** Sign-ups that wait for their turn; empty for people who do not see all requests. */
  paced: Paced[];
  signUps: Omit<SignUpFigures, 'partners'>;
  busiest: (PartnerFigures & { name: string | null })[];
  /** How many more partners had sign-ups. */
  otherPartners: number;
  /** Null where there are too many to choose from. */
  partners: PartnerChoice[] | null;
  /** Null for those who may not read the policy. */
  policy: { hash: string; loadedAt: Date; partners: number; faults: PolicyFault[] } | null;
  /** How many seconds the pause of Graph goes on; null for people who may not see the doctor. */
  pauseSeconds: number | null;
  /** The latest examination of this process, if there is one; null for people who may not see the doctor. */
  examination: { at: Date; bad: number; warnings: number } | null;
};

/**
 * The state of the portal, as far as a person may see it. It reads only the store: a page that waited for Graph would be
 * useless when Graph does not answer.
 *
 * @param partner narrows the sign-ups, and nothing else
 */
export async function overview(deps: Deps, access: Access, partner: string | undefined): Promise<Overview> {
  const { db } = deps.store;
  const { policy } = deps.policy.current();
  const today = await currentDay(db);
  const [open, overdue, problems, setAside, counted, pauseSeconds, paced] = await Promise.all([
    countOpenRequests(db, access.reads),
    findOverdue(db, access.reads, OVERDUE_SECONDS),
    countProblems(db, access.reads),
    countSetAside(db, access.reads),
    countSignUps(db, access.reads, firstDay(today, DAYS), partner),
    pauseSecondsLeft(db, ['graph']),
    access.reads === 'all' ? listPaced(db) : [],
  ]);
  const { partners, ...signUps } = signUpFigures(counted, today, DAYS);
  return {
    open: new Map(open.map((standing) => [standing.state, standing])),
    overdue: overdue.count,
    problems,
    setAside,
    paced,
    licences: access.rights.has('licences.read') ? await warningsNow(db, policy) : {},
    signUps,
    busiest: partners.slice(0, MOST_PARTNERS).map((figures) => ({
      ...figures,
      name: policy.partnerName(figures.partner),
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
