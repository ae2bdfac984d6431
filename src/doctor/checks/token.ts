import type { Config } from '../../config.js';
import { lookUpTenant } from '../../entra/tenantOfDomain.js';
import { GraphFault } from '../../graph/graphFault.js';
import { finding, type Finding, type Patient } from '../finding.js';

/** https://learn.microsoft.com/entra/identity-platform/reference-error-codes */
const REFUSALS: Record<string, 'wrongSecret' | 'expiredSecret' | 'noSuchApp' | 'noSuchTenant'> = {
  AADSTS7000215: 'wrongSecret',
  AADSTS7000222: 'expiredSecret',
  AADSTS700016: 'noSuchApp',
  AADSTS90002: 'noSuchTenant',
  AADSTS900023: 'noSuchTenant',
};

/**
 * Fetches a token for Graph.
 *
 * @returns what was found, and the permissions in the token; null without one
 */
export async function examineToken(
  { graph, config }: Patient,
  signal: AbortSignal,
): Promise<{ findings: Finding[]; permissions: Set<string> | null }> {
  try {
    const permissions = new Set(await graph.grantedPermissions(signal));
    return { findings: [finding('token', 'given')], permissions };
  } catch (error) {
    if (!(error instanceof GraphFault) || signal.aborted) throw error;
    return { findings: [await refusal(error, config, signal)], permissions: null };
  }
}

async function refusal({ message }: GraphFault, config: Config, signal: AbortSignal): Promise<Finding> {
  const code = /AADSTS\d+/.exec(message)?.[0];
  if (code !== undefined) return finding('token', REFUSALS[code] ?? 'refused', { code, message });
  if (config.graphCredential.kind === 'managedIdentity')
    return finding('token', 'noManagedIdentity', { message });
  // The library gives one error for a tenant that does not exist and an authority that does not answer.
  const tenant = await lookUpTenant(config, config.tenantId, signal);
  if (tenant.kind === 'none') return finding('token', 'noSuchTenant', { code: 'invalid_tenant' });
  return finding('token', 'unreachable', { message: config.authorityUrl });
}
