import type { Deps } from '../../deps.js';
import type { Turn } from '../../store/leases.js';
import type { RequestRow } from '../../store/schema.js';

/** Tells those who watch the portal how its work on a request has ended: the figures, and whoever has to act. */
export function tellEnd(
  { log, telemetry: { figures } }: Pick<Deps, 'log' | 'telemetry'>,
  request: RequestRow,
  { state, problem }: Pick<Turn, 'state' | 'problem'>,
): void {
  if (state === request.state) return;
  figures.requestEnded(state);
  if (state === 'provisioned') {
    const seconds = (Date.now() - request.created_at.getTime()) / 1000;
    figures.provisioned(seconds, request.review !== null || request.proof !== null);
  }
  if (state !== 'failed' && state !== 'held') return;
  log.error(
    { requestId: request.id, state, problem: problem?.code ?? null },
    'a request goes no further until somebody looks at it',
  );
}
