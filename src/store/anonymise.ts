import { sql } from 'kysely';
import { WITHOUT_PLACE } from './places.js';
import { forgetRows } from './runRows.js';
import type { Db } from './schema.js';

/** Replaces a domain that might identify the person; nobody can own it (RFC 2606). */
export const NOBODYS_DOMAIN = 'anonymised.invalid';

const DOMAIN = sql`split_part(address, '@', 2)`;
const RULE = sql`coalesce(decision ->> 'rule', 'unlisted')`;
/** With a longer domain the new address would not parse. */
const LONGEST_DOMAIN = 200;

/**
 * A domain stays if the policy or a list names it: it belongs to an organisation or a provider, and figures and previews need
 * it. An unlisted domain, or one of a rule for a full address, may be the person's own.
 */
const KEEPS_DOMAIN = sql`(
  ${RULE} not like '%@%' and ${RULE} not in ('unlisted', 'deny: look-alike')
  and length(${DOMAIN}) <= ${sql.lit(LONGEST_DOMAIN)}
)`;

/** Codes stay, and so does the policy's part. The `rule` and `domain` of a reason may name the person. */
const DECISION = sql`case when ${KEEPS_DOMAIN} then decision else decision || jsonb_build_object(
  'rule', case when ${RULE} like '%@%' then '…' else decision ->> 'rule' end,
  'reasons', coalesce((
    select jsonb_agg(
      reason || coalesce((
        select jsonb_object_agg(name, '…') from jsonb_object_keys(reason) as name where name in ('rule', 'domain')
      ), '{}'::jsonb) order by place
    )
    from jsonb_array_elements(decision -> 'reasons') with ordinality as listed(reason, place)
  ), '[]'::jsonb)
) end`;

/**
 * Removes the personal data of requests. These stay: states and their moments, the partner, the decision and the grants, the
 * member of staff who decided, problem codes, most domains, and the hash of the status page's token, so that an old link still
 * works. Call it in a transaction that has locked the requests.
 *
 * @param ids finished requests on which no work is left
 */
export async function anonymiseRequests(trx: Db, ids: string[]): Promise<void> {
  if (ids.length === 0) return;
  const given = sql`${ids}::uuid[]`;
  // Which account has what stays known by its id, until the access ends.
  await sql`
    update guest set address = null
    where id in (select guest_id from request where request.id = any(${given})) and not exists (
      select from request where guest_id = guest.id and anonymised_at is null and request.id <> all(${given})
    )`.execute(trx);
  await sql`
    update request set
      address = 'anonymised-' || id || '@' || case when ${KEEPS_DOMAIN} then ${DOMAIN} else ${NOBODYS_DOMAIN} end,
      first_name = '', last_name = '', company = '', reason = '', language = 'en',
      terms_hash = null, terms_accepted_at = null, browser_hash = null, asked_at = null, guest_id = null, paced_domain = null,
      decision = ${DECISION},
      problem = case when problem is not null then jsonb_build_object('code', problem -> 'code') end,
      review = review - 'reason' - 'note', bulk = bulk - 'message',
      proof = (proof - 'by') || '{"browser": ""}',
      -- A person takes up one place, however many requests they have.
      keeps_place = not exists (
        select from request as other
        where other.address = request.address and other.partner = request.partner and other.id <> request.id
          and other.state <> all(${[...WITHOUT_PLACE]}::text[])
          and (other.id <> all(${given}) or other.id > request.id)
      ),
      version = version + 1,
      anonymised_at = now()
    where id = any(${given})`.execute(trx);
  await sql`
    update step set
      detail = '{}', graph_request_id = null,
      problem = case when problem is not null then jsonb_build_object('code', problem -> 'code') end
    where request_id = any(${given})`.execute(trx);
  await forgetRows(trx, { requests: ids });
  await sql`delete from notice where request_id = any(${given})`.execute(trx);
  await sql`delete from challenge where request_id = any(${given})`.execute(trx);
}
