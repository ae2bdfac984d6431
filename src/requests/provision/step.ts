import type { Deps } from '../../deps.js';
import type { Decision } from '../../policy/decision.js';
import type { Partner } from '../../policy/schema.js';
import type { Guest, Problem, RequestRow, StepDetail, StepRow } from '../../store/schema.js';

export type StepContext = {
  deps: Deps;
  request: RequestRow;
  partner: Partner;
  /** What the policy grants now, which may not be what it granted when the request came. */
  decision: Decision;
  /** As it stands at the beginning of this attempt. */
  step: StepRow;
  /** What the step `invitation` has noted. */
  invitation: StepDetail;
  guest: Guest | null;
  /** Aborted when the step's time is up, or the request passes to another worker. */
  signal: AbortSignal;
  /** Stores what a next attempt must know, before the outside world is touched. */
  note(detail: StepDetail): Promise<void>;
};

export type StepResult = {
  detail?: StepDetail;
  graphRequestId?: string | null;
  /** Set when the step is over but nobody can tell whether it had its effect. */
  unconfirmed?: Problem;
};

/**
 * One step of provisioning. It may be repeated at any time, also after having been cut off anywhere.
 *
 * @throws {StepStop} when the request must not go on
 * @throws {GraphFault} {MailFault} sorted by `consequence.ts`
 */
export type Step = (context: StepContext) => Promise<StepResult>;

/** Ends the request's way: for good or until a person has acted, as the table of problems says. */
export class StepStop extends Error {
  override name = 'StepStop';
  constructor(readonly problem: Problem) {
    super(problem.code);
  }
}

/** A step that has to wait for something that passes by itself. */
export class StepWait extends Error {
  override name = 'StepWait';
}
