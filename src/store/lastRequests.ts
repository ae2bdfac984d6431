import { NOBODYS_DOMAIN } from './anonymise.js';
import type { Db, Proof, RequestState } from './schema.js';

export type LastRequest = {
  id: string;
  address: string;
  partner: string | null;
  state: RequestState;
  proof: Proof | null;
  created_at: Date;
  anonymised_at: Date | null;
};

/** The newest requests of which it is known at least from which domain they came, the newest first. */
export function findLastRequests(db: Db, limit: number): Promise<LastRequest[]> {
  return db
    .selectFrom('request')
    .select(['id', 'address', 'partner', 'state', 'proof', 'created_at', 'anonymised_at'])
    .where((is) => is.or([is('anonymised_at', 'is', null), is('address', 'not like', `%@${NOBODYS_DOMAIN}`)]))
    .orderBy('created_at', 'desc')
    .limit(limit)
    .execute();
}
