import { z } from 'zod';
import { parsePeriod } from '../../../audit/period.js';
import { malformed } from '../../../errors.js';
import { isGuid } from '../../../policy/guid.js';
import { AUDIT_ACTIONS, type AuditFilter } from '../../../store/auditEvents.js';

const groupOf = (action: string) => action.split('.')[0] ?? action;

/** Actions by their first part, in the order of the list. */
export const ACTION_GROUPS = [...new Set(AUDIT_ACTIONS.map(groupOf))].map((group) => ({
  group,
  actions: AUDIT_ACTIONS.filter((action) => groupOf(action) === group),
}));

const ACTIONS = new Set<string>([...AUDIT_ACTIONS, ...ACTION_GROUPS.map(({ group }) => group)]);

const field = z
  .string()
  .max(100)
  .regex(/^\P{Cc}*$/u)
  .trim()
  .default('');
// As the trail writes them. An export records its filter, which must not hold free text.
const actor = field.refine(
  (value) => ['', 'partner', 'portal'].includes(value) || value.split('/').every(isGuid),
);
const querySchema = z.object({
  action: field.refine((action) => action === '' || ACTIONS.has(action)),
  actor,
  request: field,
  from: field,
  to: field,
  /** Id of an event; a bigint has nineteen digits at most. */
  after: z
    .string()
    .regex(/^\d{1,18}$/)
    .optional(),
});

export type AuditQuery = z.output<typeof querySchema>;
/** A field with a value that no event can match. */
export type AuditFault = 'request' | 'period';

/**
 * Reads the address of the audit page: the fields as they were filled in, the filter that they make, and the fields at fault.
 *
 * @throws {PublicError} `malformed` for what no form of ours sends
 */
export function readAuditQuery(query: unknown): {
  query: AuditQuery;
  filter: AuditFilter;
  faults: AuditFault[];
} {
  const parsed = querySchema.safeParse(query);
  if (!parsed.success) throw malformed();
  const { action, actor, request, from, to } = parsed.data;
  const period = parsePeriod(from, to);
  const faults: AuditFault[] = [];
  if (request !== '' && !isGuid(request)) faults.push('request');
  if (!period) faults.push('period');
  const filter: AuditFilter = {
    ...(action !== '' && { action }),
    ...(actor !== '' && { actor }),
    ...(request !== '' && { requestId: request.toLowerCase() }),
    ...period,
  };
  return { query: parsed.data, filter, faults };
}

/** The address of the page, or of its export, with the fields of a query but for `changes`. */
export function auditAddress(path: string, query: AuditQuery, changes: Partial<AuditQuery> = {}): string {
  const { action, actor, request, from, to, after = '' } = { ...query, after: '', ...changes };
  const fields = Object.entries({ action, actor, request, from, to, after }).filter(
    ([, value]) => value !== '',
  );
  return fields.length === 0 ? path : `${path}?${new URLSearchParams(fields).toString()}`;
}
