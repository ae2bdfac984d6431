import { createGraph, type Graph } from '../../src/graph/graph.js';
import { createLog } from '../../src/log.js';
import type { Tenant } from './tenant.js';

/** Microsoft Graph of a simulated tenant, as the portal's registration there. */
export function graphOf({ clientId, clientSecret, graphUrl, authorityUrl, tenantId }: Tenant): Graph {
  return createGraph(
    {
      signIn: { clientId, clientSecret },
      graphCredential: { kind: 'clientSecret', clientId, clientSecret },
      graphUrl,
      authorityUrl,
      tenantId,
    },
    createLog('silent'),
  );
}
