import type { DirectoryAudit, SubscribedSku, User } from '@microsoft/microsoft-graph-types';
import { z } from 'zod';
import { get, pathBelow, type FieldsOf, type Graph } from './graph.js';

// What the tenant has bought, and which of its guests were there.

const sku = z.object({
  skuPartNumber: z.string().nullish(),
  capabilityStatus: z.string().nullish(),
  prepaidUnits: z
    .object({ enabled: z.number().nullish(), warning: z.number().nullish(), suspended: z.number().nullish() })
    .nullish(),
  servicePlans: z
    .array(z.object({ servicePlanId: z.string().nullish(), provisioningStatus: z.string().nullish() }))
    .nullish(),
} satisfies FieldsOf<SubscribedSku>);

export type Subscription = z.infer<typeof sku>;

/**
 * What the tenant has subscribed to. Takes LicenseAssignment.Read.All.
 *
 * @see https://learn.microsoft.com/graph/api/subscribedsku-list
 */
export async function listSubscriptions(graph: Graph, signal?: AbortSignal): Promise<Subscription[]> {
  return (await get(graph, '/subscribedSkus', z.object({ value: z.array(sku) }), { signal })).value;
}

/** One page of a reading; `next` is the path of the one after it, null on the last. */
export type ReadPage<T> = { items: T[]; next: string | null };

const guest = z.object({
  id: z.guid(),
  userType: z.string().nullish(),
  signInActivity: z.object({ lastSuccessfulSignInDateTime: z.coerce.date().nullish() }).nullish(),
} satisfies FieldsOf<User>);

/**
 * The first page of the tenant's guests with their last sign-in. The advanced query is not used: with it Graph leaves the sign-ins
 * out. A page may not be larger.
 */
export const GUESTS_WITH_SIGN_INS = `/users?$filter=${encodeURIComponent("userType eq 'Guest'")}&$select=id,userType,signInActivity&$top=500`;

/**
 * A page of guests with the moment of their last successful sign-in; null for none that Microsoft knows of. Takes
 * AuditLog.Read.All, and a licence of the tenant.
 *
 * @param path {@link GUESTS_WITH_SIGN_INS}, or the `next` of the page before
 * @see https://learn.microsoft.com/graph/api/user-list
 */
export async function readGuestSignIns(
  graph: Graph,
  path: string,
  signal?: AbortSignal,
): Promise<ReadPage<{ id: string; signedInAt: Date | null }>> {
  const { items, next } = await readPage(graph, path, guest, signal);
  const guests = items.filter(({ userType }) => userType === 'Guest');
  return {
    items: guests.map(({ id, signInActivity }) => ({
      id: id.toLowerCase(),
      signedInAt: signInActivity?.lastSuccessfulSignInDateTime ?? null,
    })),
    next,
  };
}

const audit = z.object({
  activityDateTime: z.coerce.date(),
  targetResources: z.array(z.object({ id: z.string().nullish(), type: z.string().nullish() })).nullish(),
  additionalDetails: z.array(z.object({ key: z.string().nullish(), value: z.string().nullish() })).nullish(),
} satisfies FieldsOf<DirectoryAudit>);

/** The first page of the log of changes between two moments. */
export function changesBetween(from: Date, until: Date): string {
  const filter = `activityDateTime ge ${seconds(from)} and activityDateTime le ${seconds(until)}`;
  return `/auditLogs/directoryAudits?$filter=${encodeURIComponent(filter)}&$top=500`;
}

const seconds = (moment: Date) => moment.toISOString().replace(/\.\d+Z$/, 'Z');

/**
 * A page of guests that a billed governance feature touched. Takes AuditLog.Read.All.
 *
 * @param path from {@link changesBetween}, or the `next` of the page before
 * @see https://learn.microsoft.com/graph/api/directoryaudit-list
 */
export async function readGoverned(
  graph: Graph,
  path: string,
  signal?: AbortSignal,
): Promise<ReadPage<{ guest: string; at: Date }>> {
  const { items, next } = await readPage(graph, path, audit, signal);
  const touches = items.flatMap(({ activityDateTime, targetResources, additionalDetails }) => {
    const details = new Map(additionalDetails?.map(({ key, value }) => [key, value]));
    const isBilled = /^true$/i.test(details.get('GovernanceLicenseFeatureUsed') ?? '');
    if (!isBilled || details.get('TargetUserType') !== 'Guest') return [];
    const targets = (targetResources ?? []).filter(({ type }) => type === 'User');
    return targets.flatMap(({ id }) => {
      const parsed = z.guid().safeParse(id);
      if (!parsed.success) return [];
      return { guest: parsed.data.toLowerCase(), at: activityDateTime };
    });
  });
  return { items: touches, next };
}

async function readPage<T>(
  graph: Graph,
  path: string,
  item: z.ZodType<T>,
  signal: AbortSignal | undefined,
): Promise<ReadPage<T>> {
  const shape = z.object({ value: z.array(item), '@odata.nextLink': z.string().optional() });
  const page = await get(graph, path, shape, { signal });
  return { items: page.value, next: pathBelow(graph, page['@odata.nextLink']) };
}
