import { domainToASCII, domainToUnicode } from 'node:url';
import { parseAddress } from '../policy/address.js';
import { isGuid } from '../policy/guid.js';

/** Whose data is asked for: that of an applicant, or of a member of the staff by object id. */
export type Whose = { address: string } | { oid: string };

/**
 * Reads whom somebody means: a mail address in any case, in full-width letters or with an international domain in its own
 * script, since the store knows one form alone; or an object id, with its tenant (`tid/oid`) or without.
 *
 * Nothing else is folded: what only resembles an address would be somebody else's, and what is erased does not come back.
 *
 * @returns the faults of `policy/address.ts` for what is neither
 */
export function whoseIs(text: string): Whose | { fault: string; suggestion?: string } {
  const typed = halfWidth(text).trim();
  const [first = '', second = first, ...more] = typed.split('/');
  if (isGuid(first) && isGuid(second) && more.length === 0) return { oid: second.toLowerCase() };
  const at = typed.lastIndexOf('@') + 1;
  const parsed = parseAddress(at === 0 ? typed : typed.slice(0, at) + asciiDomain(typed.slice(at)));
  if (parsed.ok) return { address: parsed.address.canonical };
  const { fault, suggestion } = parsed;
  return { fault, ...(suggestion !== undefined && { suggestion }) };
}

/** The full-width forms of ASCII (Unicode, Halfwidth and Fullwidth Forms) as ASCII. */
function halfWidth(text: string): string {
  return text.replace(/[\uff01-\uff5e]/g, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0));
}

/** An international domain as DNS has it; as it is where that is one of another name, such as `ſ` for `s`. */
function asciiDomain(typed: string): string {
  const domain = typed.normalize('NFC').toLowerCase();
  const ascii = domainToASCII(domain);
  return domainToUnicode(ascii) === domain ? ascii : typed;
}
