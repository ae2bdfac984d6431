import { randomBytes, randomUUID } from 'node:crypto';
import { insertRequest } from '../../src/store/submissions.js';
import type { Db, NewRequest } from '../../src/store/schema.js';

/** A request as it is inserted: queued and due; `overrides` replace members. */
export function aRequest(overrides: Partial<NewRequest> = {}): NewRequest & { id: string } {
  return {
    id: randomUUID(),
    token_hash: randomBytes(32),
    address: 'ana@fabrikam.com',
    first_name: 'Ana',
    last_name: 'Lind',
    company: 'Fabrikam',
    reason: 'Orders',
    language: 'en',
    partner: 'fabrikam',
    decision: JSON.stringify({
      outcome: 'invite',
      partner: 'fabrikam',
      rule: 'fabrikam.com',
      grants: {},
      reasons: [],
    }),
    policy_hash: '0'.repeat(64),
    state: 'queued',
    due_at: new Date(Date.now() - 1000),
    ...overrides,
  };
}

/** Inserts a request as a submission does; returns whether its address was free. */
export async function insertARequest(db: Db, request: NewRequest, quietSeconds = 0): Promise<boolean> {
  const event = { actor: 'partner', action: 'request.submitted' } as const;
  return (await insertRequest(db, request, { event, quietSeconds })) !== null;
}
