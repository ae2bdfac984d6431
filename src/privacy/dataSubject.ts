import { domainToASCII, domainToUnicode } from 'node:url';
import { parseAddress } from '../policy/address.js';
import { isGuid } from '../policy/guid.js';

/** The person whose data is meant: an applicant by address, or a member of staff by object id. */
export type DataSubject = { address: string } | { oid: string };

/**
 * Reads a mail address in any case, in full-width letters or with an international domain in its own script, because the
 * store keeps only one form; or an object id, with its tenant (`tid/oid`) or without.
 *
 * It folds nothing else: a text that only resembles an address could belong to another person, and erasing is final.
 *
 * @returns a fault of `policy/address.ts` when the text is neither
 */
export function parseDataSubject(text: string): DataSubject | { fault: string; suggestion?: string } {
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

/** An international domain in its DNS form; unchanged where that is the form of another name, such as `ſ` for `s`. */
function asciiDomain(typed: string): string {
  const domain = typed.normalize('NFC').toLowerCase();
  const ascii = domainToASCII(domain);
  return domainToUnicode(ascii) === domain ? ascii : typed;
}
