import type { Deps } from '../../deps.js';
import type { Decision } from '../../policy/decision.js';
import type { Partner } from '../../policy/schema.js';
import type { Guest, Problem, RequestRow, StepDetail, StepRow } from '../../store/schema.js';

export type StepContext = {
  deps: Deps;
  request: RequestRow;
  partner: Partner;
  /** By the policy in force, which may grant something else than when the request came. */
  decision: Decision;
  /** The step at the beginning of this attempt. */
  step: StepRow;
  /** The notes of the step `invitation`. */
  invitation: StepDetail;
  guest: Guest | null;
  /** Aborted when the step's time is up, or another worker has claimed the request. */
  signal: AbortSignal;
  /** Stores what the next attempt must know, before a call that must not be repeated. */
  note(detail: StepDetail): Promise<void>;
};

export type StepResult = {
  detail?: StepDetail;
  graphRequestId?: string | null;
  /** Set when the step is finished and its effect is unknown. */
  unconfirmed?: Problem;
};

/**
 * One step of provisioning. It may be cut off anywhere, and repeated at any time.
 *
 * @throws {StepStop} when the request must not go on
 * @throws {GraphFault} {MailFault} sorted by `consequence.ts`
 */
export type Step = (context: StepContext) => Promise<StepResult>;

/** Ends the work on the request, for good or until a person acts, as the table of problems says. */
export class StepStop extends Error {
  override name = 'StepStop';
  constructor(
    readonly problem: Problem,
    readonly graphRequestId: string | null = null,
  ) {
    super(problem.code);
  }
}

/** The step is tried again later, for as long as the problem may last. */
export class StepWait extends Error {
  override name = 'StepWait';
  constructor(
    readonly problem: Problem,
    readonly graphRequestId: string | null = null,
  ) {
    super(problem.code);
  }
}
