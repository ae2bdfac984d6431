import type { Meter } from '@opentelemetry/api';
import type { RequestState } from '../store/schema.js';

/** How a sign-up was answered: the state of its request, the request that was there already, or not at all. */
export type SignUpOutcome = RequestState | 'repeated' | 'turnedAway';
/** `unknown`: the server may have taken it. */
export type MailOutcome = 'sent' | 'refused' | 'unavailable' | 'unknown';

/** Seconds, from a page out of memory to a call that runs into its time limit. */
const CALLS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** Seconds, from a directory that answers at once to an approver who comes back after a week. */
const PROVISIONING = [1, 2, 5, 10, 30, 60, 300, 900, 3_600, 21_600, 86_400, 604_800];

export type Figures = ReturnType<typeof createFigures>;

/**
 * What is counted and timed. Attributes take values of short lists only, so that the number of series stays small and no
 * address, token or id is among them; docs/monitoring.md says what each figure means.
 */
export function createFigures(meter: Meter) {
  const http = meter.createHistogram('portal.http.request.duration', {
    description: 'Requests of browsers and machines, by route',
    unit: 's',
    advice: { explicitBucketBoundaries: CALLS },
  });
  const signUps = meter.createCounter('portal.sign.ups', {
    description: 'Forms that were sent in, by what became of them',
  });
  const ended = meter.createCounter('portal.requests.ended', {
    description: 'Requests that the portal has brought to an end, or to where a person has to look',
  });
  const provisioning = meter.createHistogram('portal.provisioning.duration', {
    description: 'From the acknowledged sign-up to the guest with all access',
    unit: 's',
    advice: { explicitBucketBoundaries: PROVISIONING },
  });
  const graph = meter.createHistogram('portal.graph.call.duration', {
    description: 'Calls of Microsoft Graph',
    unit: 's',
    advice: { explicitBucketBoundaries: CALLS },
  });
  const throttled = meter.createCounter('portal.graph.throttled', {
    description: 'Calls that Graph answered with 429',
  });
  const pauseAsked = meter.createCounter('portal.graph.pause.asked', {
    description: 'For how long Graph asked to be left alone, added up',
    unit: 's',
  });
  const mails = meter.createCounter('portal.mails', { description: 'Mails handed to the mail server' });

  return {
    /** @param answer.status 200, 404 …; null when the client went away before it was answered */
    httpRequest(answer: { method: string; route: string; status: number | null }, seconds: number): void {
      const status = answer.status === null ? 'brokenOff' : `${Math.floor(answer.status / 100)}xx`;
      http.record(seconds, { method: answer.method, route: answer.route, status });
    },
    signUp(outcome: SignUpOutcome): void {
      signUps.add(1, { outcome });
    },
    requestEnded(state: RequestState, count = 1): void {
      ended.add(count, { state });
    },
    /** @param waited whether a person had to approve or to prove something first */
    provisioned(seconds: number, waited: boolean): void {
      provisioning.record(Math.max(0, seconds), { waited: waited ? 'yes' : 'no' });
    },
    /** @param outcome `ok`, the kind of a fault, or `noAnswer` */
    graphCall(operation: string, outcome: string, seconds: number): void {
      graph.record(seconds, { operation, outcome });
      if (outcome === 'throttled') throttled.add(1);
    },
    graphPauseAsked(seconds: number): void {
      pauseAsked.add(seconds);
    },
    mail(outcome: MailOutcome): void {
      mails.add(1, { outcome });
    },
  };
}
