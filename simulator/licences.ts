import { z } from 'zod';

// What the tenant has bought, and its log of changes, as far as licences are concerned.

/** Ids of Microsoft's service plans. */
export const PLANS = {
  basic: 'c4da7f8a-5ee2-4c99-a7e1-87d2df57f6fe',
  p1: '41781fb2-bc02-4b7c-bd55-b576c07bb09d',
  p2: 'eec0eb4f-6444-4f95-aba0-50c24d67f998',
  governance: 'e866a266-3cff-43a3-acca-0c90a7e00c8b',
} as const;

export const subscription = z.strictObject({
  skuPartNumber: z.string(),
  capabilityStatus: z.enum(['Enabled', 'Warning', 'Suspended', 'Deleted', 'LockedOut']).default('Enabled'),
  enabled: z.number().int().min(0).default(0),
  /** In the grace period after it has expired. */
  warning: z.number().int().min(0).default(0),
  suspended: z.number().int().min(0).default(0),
  plans: z.array(z.enum(['basic', 'p1', 'p2', 'governance'])),
  /** Of its plans. */
  provisioningStatus: z.enum(['Success', 'Disabled', 'PendingInput']).default('Success'),
});

/** A product that the tenant has subscribed to. */
export type Subscription = z.infer<typeof subscription>;

/** What a test adds to the log: a change of a guest, perhaps by a feature that Microsoft bills. */
export const auditOrder = z.strictObject({
  at: z.iso.datetime(),
  activity: z.string(),
  target: z.guid().toLowerCase(),
  targetType: z.enum(['Guest', 'Member']).default('Guest'),
  billed: z.boolean().default(false),
});

export type AuditEntry = z.infer<typeof auditOrder> & { id: string };
