import type { Db, Proof, RequestState } from './schema.js';

export type LastRequest = {
  id: string;
  address: string;
  partner: string | null;
  state: RequestState;
  proof: Proof | null;
  created_at: Date;
};

/** The newest requests, the newest first. */
export function findLastRequests(db: Db, limit: number): Promise<LastRequest[]> {
  return db
    .selectFrom('request')
    .select(['id', 'address', 'partner', 'state', 'proof', 'created_at'])
    .orderBy('created_at', 'desc')
    .limit(limit)
    .execute();
}
