import { createHash } from 'node:crypto';
import { PLANS, type AuditEntry, type Subscription } from '../licences.js';
import { seed } from '../seed.js';
import type { Reply } from '../reply.js';
import type { GraphCall } from './call.js';
import { badRequest, GraphError, unsupportedQuery } from './errors.js';
import { answerPage, type Shape } from './query.js';

// What the tenant has bought, and its log of changes.

/** Same name, same id. */
function idOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function skuOf(subscription: Subscription) {
  const { skuPartNumber, capabilityStatus, enabled, warning, suspended, plans, provisioningStatus } =
    subscription;
  const skuId = idOf(skuPartNumber);
  return {
    id: `${seed.tenantId}_${skuId}`,
    accountName: seed.organization,
    accountId: seed.tenantId,
    appliesTo: 'User',
    capabilityStatus,
    consumedUnits: 0,
    prepaidUnits: { enabled, suspended, warning, lockedOut: 0 },
    servicePlans: plans.map((plan) => ({
      servicePlanId: PLANS[plan],
      servicePlanName: plan,
      provisioningStatus,
      appliesTo: 'User',
    })),
    skuId,
    skuPartNumber,
  };
}

type Sku = ReturnType<typeof skuOf>;

/** Takes no `$filter`. */
export function listSubscribedSkus(call: GraphCall): Reply {
  if (call.query.has('$filter')) throw unsupportedQuery('$filter is not supported for this resource.');
  const skus = call.tenant.settings.subscriptions.map(skuOf);
  const [sample] = [skuOf({ skuPartNumber: '', plans: [], ...NO_UNITS })];
  const shape: Shape<Sku> = {
    set: 'subscribedSkus',
    type: 'microsoft.graph.subscribedSku',
    properties: new Set(Object.keys(sample)),
  };
  return answerPage(call, skus, shape);
}

const NO_UNITS = {
  capabilityStatus: 'Enabled',
  provisioningStatus: 'Success',
  enabled: 0,
  warning: 0,
  suspended: 0,
} as const;

function auditOf({ id, at, activity, target, targetType, billed }: AuditEntry) {
  return {
    id,
    activityDateTime: at,
    activityDisplayName: activity,
    category: 'UserManagement',
    correlationId: id,
    loggedByService: 'Entitlement Management',
    operationType: 'Update',
    result: 'success',
    resultReason: '',
    initiatedBy: { app: { displayName: 'Azure AD', servicePrincipalId: null }, user: null },
    targetResources: [{ id: target, type: 'User', displayName: null, modifiedProperties: [] }],
    additionalDetails: [
      { key: 'TargetUserType', value: targetType },
      ...(billed ? [{ key: 'GovernanceLicenseFeatureUsed', value: 'True' }] : []),
    ],
  };
}

type Audit = ReturnType<typeof auditOf>;

const auditShape: Shape<Audit> = {
  set: 'auditLogs/directoryAudits',
  type: 'microsoft.graph.directoryAudit',
  properties: new Set([
    'id',
    'activityDateTime',
    'activityDisplayName',
    'category',
    'correlationId',
    'loggedByService',
    'result',
  ]),
};

const KEPT_MS = 30 * 24 * 3_600_000;

/** The newest first, for thirty days. */
export function listDirectoryAudits(call: GraphCall): Reply {
  requireFewReports(call);
  const entries = call.tenant.directory.audits
    .filter(({ at }) => Date.parse(at) > Date.now() - KEPT_MS)
    .map(auditOf)
    .sort((one, other) => other.activityDateTime.localeCompare(one.activityDateTime));
  return answerPage(call, entries, auditShape);
}

/** Where sign-ins are read, a page is smaller, and the tenant needs a licence. */
export function requireSignInActivity({ tenant, query, eventual }: GraphCall): void {
  if (!tenant.settings.permissions.includes('AuditLog.Read.All')) {
    throw new GraphError(
      403,
      'Authentication_MSGraphPermissionMissing',
      'Calling principal does not have required MSGraph permissions AuditLog.Read.All',
    );
  }
  if (!tenant.settings.premium) {
    throw new GraphError(
      403,
      'Authentication_RequestFromNonPremiumTenantOrB2CTenant',
      "Neither tenant is B2C or tenant doesn't have premium license",
    );
  }
  const top = Number(query.get('$top') ?? 100);
  if (top > MOST_WITH_ACTIVITY) throw badRequest(`Invalid page size specified: '${top}'.`);
  // It then answers without the sign-ins, which looks as if nobody had ever signed in.
  if (eventual && top > 120) query.set('$select', withoutActivity(query.get('$select') ?? ''));
}

const MOST_WITH_ACTIVITY = 500;

function withoutActivity(select: string): string {
  return select
    .split(',')
    .filter((name) => name.trim() !== 'signInActivity')
    .join(',');
}

const REPORTS = { most: 5, inMs: 10_000 };

/** Reports have a limit of their own. */
function requireFewReports({ tenant }: GraphCall): void {
  const now = Date.now();
  tenant.reportCalls = tenant.reportCalls.filter((at) => at > now - REPORTS.inMs);
  const oldest = tenant.reportCalls[0];
  if (oldest !== undefined && tenant.reportCalls.length >= REPORTS.most) {
    throw new GraphError(429, 'TooManyRequests', 'Too many requests.', {
      'Retry-After': String(Math.ceil((oldest + REPORTS.inMs - now) / 1000)),
    });
  }
  tenant.reportCalls.push(now);
}
