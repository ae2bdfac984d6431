import type { RequestRow } from '../../store/schema.js';

/** What was typed about somebody whose proof is awaited: so much of it the owner of the address sees before they confirm it. */
export type Asked = { address: string; name: string; company: string };

export function askedBy(
  request: Pick<RequestRow, 'address' | 'first_name' | 'last_name' | 'company'>,
): Asked {
  const { address, first_name, last_name, company } = request;
  return { address, name: `${first_name} ${last_name}`, company };
}
