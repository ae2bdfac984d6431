import type { Person } from '../../access/person.js';
import type { RequestRow } from '../../store/schema.js';

/** Whether a request is the person's own: made for an address of theirs, or for the guest as whom they sign in. */
export function isOwnRequest(
  { addresses, oid }: Person,
  { address, guest_id }: Pick<RequestRow, 'address' | 'guest_id'>,
): boolean {
  return addresses.includes(address) || oid === guest_id;
}

/** Whether a person, by their key (`tid/oid`), is the guest with this object id: guests sign in as objects of our own tenant. */
export function isSamePerson(key: string, guestId: string): boolean {
  return key.split('/')[1] === guestId;
}
