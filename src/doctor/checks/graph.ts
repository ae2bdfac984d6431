import { GraphFault } from '../../graph/graphFault.js';
import { getOrganization, type Organization } from '../../graph/organization.js';
import { finding, type Finding, type Patient } from '../finding.js';

const SLOW_MS = 5_000;
/** Tokens are refused from five minutes on (https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference). */
const SKEW_SECONDS = 120;

/**
 * Reads the organisation from Graph.
 *
 * @returns what was found, and the organisation; `reached` is false when no further call makes sense
 */
export async function examineGraph(
  { graph }: Patient,
  signal: AbortSignal,
): Promise<{ findings: Finding[]; reached: boolean; organization: Organization | null }> {
  const started = performance.now();
  try {
    const organization = await getOrganization(graph, signal);
    const ms = Math.round(performance.now() - started);
    return {
      findings: [speed(ms, organization.name), ...clock(organization.answeredAt)],
      reached: true,
      organization,
    };
  } catch (error) {
    if (!(error instanceof GraphFault) || signal.aborted) throw error;
    // The check of the permissions names the missing one.
    const reached = error.kind === 'forbidden';
    return { findings: reached ? [] : [refusal(error)], reached, organization: null };
  }
}

function speed(ms: number, organization: string): Finding {
  return finding('graph', ms > SLOW_MS ? 'slow' : 'answers', { organization, ms });
}

function clock(answeredAt: Date | null): Finding[] {
  if (!answeredAt) return [];
  const seconds = Math.round(Math.abs(Date.now() - answeredAt.getTime()) / 1000);
  return seconds > SKEW_SECONDS ? [finding('graph', 'clock', { seconds })] : [];
}

function refusal({ kind, status, message, retryAfterSeconds }: GraphFault): Finding {
  if (kind === 'throttled')
    return finding('graph', 'throttled', { seconds: Math.ceil(retryAfterSeconds ?? 60) });
  if (kind === 'unauthenticated') return finding('graph', 'refusesToken', { message });
  return status === null ? finding('graph', 'down', { message }) : finding('graph', 'unreadable', { status });
}
