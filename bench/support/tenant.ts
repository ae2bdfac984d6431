import { startAnnounced } from './processes.js';

export type Tenant = Record<'peopleUrl' | 'graphUrl' | 'authorityUrl' | 'smtpUrl' | 'caFile', string> &
  Record<'tenantId' | 'clientId' | 'clientSecret', string>;

/** Starts the simulated tenant in a process of its own; each call of Graph takes `latencyMs`. */
export async function startTenant(latencyMs: number): Promise<Tenant & { stop(): Promise<void> }> {
  const tenant = await startAnnounced<Tenant>('simulator/main.ts', {
    SIMULATOR_PORT: '0',
    SIMULATOR_HTTPS_PORT: '0',
    SIMULATOR_SMTP_PORT: '0',
    SIMULATOR_DIR: '.data/bench/tenant',
    SIMULATOR_LATENCY_MS: String(latencyMs),
    SIMULATOR_REPLICATION_MS: '0',
  });
  // Microsoft's limits would slow down both sides alike, and hide the portal.
  await fetch(`${tenant.peopleUrl}/control/settings`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resourceUnitsPer10s: 1e9, writesPer150s: 1e9 }),
  });
  return tenant;
}

/** The settings that point a portal at a tenant. */
export function settingsOf(tenant: Tenant): Record<string, string> {
  return {
    TENANT_ID: tenant.tenantId,
    CLIENT_ID: tenant.clientId,
    CLIENT_SECRET: tenant.clientSecret,
    ENTRA_AUTHORITY: tenant.authorityUrl,
    GRAPH_BASE_URL: tenant.graphUrl,
    SMTP_URL: tenant.smtpUrl,
    MAIL_FROM: 'partners@contoso.com',
    NODE_EXTRA_CA_CERTS: tenant.caFile,
  };
}
