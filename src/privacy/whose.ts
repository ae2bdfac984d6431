import { domainToASCII } from 'node:url';
import { parseAddress } from '../policy/address.js';

/** Whose data is asked for: that of an applicant, or of a member of the staff by object id. */
export type Whose = { address: string } | { oid: string };

const GUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const STAFF = new RegExp(`^(?:${GUID}/)?(${GUID})$`, 'i');

/**
 * Reads whom somebody means: a mail address in any case, in full-width letters or with an international domain in its own
 * script, since the store knows one form alone; or an object id, with its tenant (`tid/oid`) or without.
 *
 * @returns the faults of `policy/address.ts` for what is neither
 */
export function whoseIs(text: string): Whose | { fault: string; suggestion?: string } {
  const typed = text.normalize('NFKC').trim();
  const oid = STAFF.exec(typed)?.[1];
  if (oid !== undefined) return { oid: oid.toLowerCase() };
  const at = typed.lastIndexOf('@');
  const parsed = parseAddress(
    at === -1 ? typed : `${typed.slice(0, at)}@${domainToASCII(typed.slice(at + 1)) || typed.slice(at + 1)}`,
  );
  if (parsed.ok) return { address: parsed.address.canonical };
  const { fault, suggestion } = parsed;
  return { fault, ...(suggestion !== undefined && { suggestion }) };
}
