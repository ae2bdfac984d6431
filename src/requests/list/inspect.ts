import { covers, type Access } from '../../access/access.js';
import { readableDetail } from '../../audit/trail.js';
import type { Deps } from '../../deps.js';
import type { Decision } from '../../policy/decision.js';
import type { Policy } from '../../policy/policy.js';
import type { Consequence } from '../../licences/forecast.js';
import { costsOf, personOfPartner } from '../../licences/standing.js';
import { findAuditEvents, type SealedRecord } from '../../store/auditEvents.js';
import { findNotices } from '../../store/notices.js';
import { namesOf } from '../../store/persons.js';
import { findRelatedRequests } from '../../store/requests.js';
import type { NoticeRow, RecordedDecision, RequestRow, StepRow } from '../../store/schema.js';
import { findSteps } from '../../store/steps.js';
import { decisionNow } from '../../policy/decide.js';
import { proofStanding, type ProofStanding } from '../prove/awaitedProof.js';
import { approvalChoices, type ApprovalChoices } from '../review/approval.js';
import { permissionsOf, type Permissions } from '../review/permissions.js';
import { findReadable } from '../review/decide.js';

/** Everything that the admin area shows of a request, with names instead of ids if there are any. */
export type Inspection = {
  request: RequestRow;
  partnerName: string | null;
  /** `then` is when it came, `proven` when the proof that it waited for was given: the policy decides again then. */
  decidedAt: 'then' | 'proven';
  /** The reasons of the recorded decision, and the decision of the policy in force. */
  reasons: DecisionReason[];
  today: Pick<Decision, 'outcome' | 'rule'> & { partnerName: string | null; reasons: DecisionReason[] };
  proof: ProofStanding;
  reviewer: string | null;
  /** The names of the grants that an approval was narrowed to; null if it was for all. */
  approved: string[] | null;
  steps: InspectedStep[];
  events: InspectedEvent[];
  /** Mails about it, to approvers and to the applicant. The invitation is a step. */
  notices: NoticeRow[];
  /** The latest other requests of the same address, and of the same partner. */
  ofAddress: RequestRow[];
  ofPartner: RequestRow[];
  permissions: Permissions;
  choices: ApprovalChoices;
  /** What an approval costs in licences. */
  costs: Consequence[];
  /** The names of the groups and apps that earlier work has granted: an approval with fewer grants removes none of them. */
  given: string[];
  /** Whether it is due, now or later: then the page follows the work. */
  moving: boolean;
  /** Changes with everything that a worker changes. */
  mark: string;
};

/** A reason's code, and the values of its sentence. */
type DecisionReason = { code: string; [value: string]: string };
/** `kind` is `group` for the step `group:crm`, whose `name` is that of the group. */
type InspectedStep = StepRow & { kind: string; name: string };
type InspectedEvent = Pick<SealedRecord, 'id' | 'action'> & {
  at: Date;
  actor: string;
  detail: [key: string, value: string][];
};

const MOST_EVENTS = 300;
const MOST_RELATED = 10;

/**
 * @param partner the id of a partner whose grants the approver may choose from, where the policy names none
 * @throws {PublicError} `notFound` for a request that does not exist, or that this person may not see
 */
export async function inspect(deps: Deps, access: Access, id: string, partner?: string): Promise<Inspection> {
  const { db } = deps.store;
  const { policy } = deps.policy.current();
  const request = await findReadable(deps, access, id);
  const [steps, events, notices, ofAddress, ofPartner] = await Promise.all([
    findSteps(db, id),
    findAuditEvents(db, { requestId: id }, { order: 'newest', after: null, limit: MOST_EVENTS }),
    findNotices(db, id),
    findRelatedRequests(db, request, 'address', MOST_RELATED),
    request.partner === null ? [] : findRelatedRequests(db, request, 'partner', MOST_RELATED),
  ]);
  const labelled = steps.map((step) => ({ ...step, ...labelOf(policy, step.key) }));
  const readable = (row: RequestRow) => covers(access.reads, row.partner);
  const names = await namesOf(db, [
    ...events.map(({ actor }) => actor),
    ...reviewersOf([request, ...ofAddress]),
  ]);
  const nameOf = (key: string) => names.get(key) ?? key;
  // For an anonymised address the policy cannot decide.
  const today: RecordedDecision = request.anonymised_at ? request.decision : decisionNow(policy, request);
  const permissions = permissionsOf(access, request, { steps, today, mails: deps.limits });
  return {
    request,
    partnerName: policy.partnerName(request.partner),
    decidedAt: events.some(({ action }) => action === 'request.proven') ? 'proven' : 'then',
    reasons: reasonsOf(policy, request.decision),
    today: {
      ...today,
      partnerName: policy.partnerName(today.partner),
      reasons: reasonsOf(policy, today),
    },
    proof: proofStanding(deps, request, today),
    reviewer: request.review && nameOf(request.review.by),
    approved: namesOfChoice(policy, request),
    steps: labelled,
    events: events.toReversed().map((event) => inspected(event, nameOf)),
    notices,
    ofAddress: ofAddress.filter(readable),
    ofPartner: ofPartner.filter(readable),
    permissions,
    choices: approvalChoices(policy, request, today, partner),
    costs: permissions.approve.allowed
      ? await costsOf(
          db,
          policy,
          await personOfPartner(db, policy, today.partner ?? partner ?? null, request.address),
        )
      : [],
    given: labelled
      .filter(({ kind, state }) => (kind === 'group' || kind === 'app') && state === 'done')
      .map(({ name }) => name),
    moving: request.due_at !== null,
    mark: markOf(request, steps),
  };
}

function reviewersOf(requests: RequestRow[]): string[] {
  return requests.flatMap(({ review }) => (review ? [review.by] : []));
}

function reasonsOf(policy: Policy, { reasons }: Pick<RecordedDecision, 'reasons'>): DecisionReason[] {
  return reasons.map((reason: DecisionReason) =>
    reason.partner === undefined
      ? reason
      : { ...reason, partner: policy.partnerName(reason.partner) ?? reason.partner },
  );
}

function namesOfChoice({ document }: Policy, { review }: RequestRow): string[] | null {
  if (!review?.grants) return null;
  const { apps, groups } = review.grants;
  return [
    ...apps.map((key) => document.apps[key]?.name ?? key),
    ...groups.map((key) => document.groups[key]?.name ?? key),
  ];
}

function markOf({ version, updated_at, due_at }: RequestRow, steps: StepRow[]): string {
  const attempts = steps.reduce((sum, step) => sum + step.attempts, 0);
  const finished = steps.filter(({ finished_at }) => finished_at !== null).length;
  return [version, updated_at.getTime(), due_at?.getTime() ?? 0, attempts, finished].join('-');
}

function labelOf({ document }: Policy, key: string): { kind: string; name: string } {
  const [kind = key, name = ''] = key.split(':');
  const named = kind === 'group' ? document.groups : kind === 'app' ? document.apps : {};
  return { kind, name: Object.hasOwn(named, name) ? (named[name]?.name ?? name) : name };
}

function inspected(event: SealedRecord, nameOf: (key: string) => string): InspectedEvent {
  return {
    ...event,
    at: new Date(event.at),
    actor: nameOf(event.actor),
    detail: readableDetail(event.detail),
  };
}
