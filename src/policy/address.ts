import { domainToASCII, domainToUnicode } from 'node:url';
import { domainFault } from './domainName.js';

/** A mail address in its one written form: ASCII, lower case, `canonical` being `local@domain`. */
export type Address = { local: string; domain: string; canonical: string };

/** Why a text is not an address that can be invited. Stable: pages hold one message for each. */
export type AddressFault =
  | 'missing'
  | 'tooLong'
  | 'whitespace'
  | 'invisible'
  | 'international'
  | 'notAscii'
  | 'noAt'
  | 'severalAts'
  | 'quoted'
  | 'plus'
  | 'character'
  | 'localPart'
  | 'domain'
  | 'noTopLevelDomain';

/**
 * `suggestion` is the address without its tag, for `ana+news@contoso.com`, or with the ASCII form of its domain, for
 * `eva@bücher.example`; the person has to confirm it.
 */
export type ParsedAddress =
  { ok: true; address: Address } | { ok: false; fault: AddressFault; suggestion?: string };

const MAX_LENGTH = 254; // RFC 5321, 4.5.3.1.3, less the angle brackets
const MAX_LOCAL_LENGTH = 64; // RFC 5321, 4.5.3.1.1
const MAX_TYPED_LENGTH = 512; // Longer texts are refused unread, so a megabyte costs nothing.

const VISIBLE_ASCII = /^[!-~]*$/;
const BEYOND_ASCII = /[\u0080-\uffff]/;
const WHITESPACE = /[\s\p{Zs}]/u;
const INVISIBLE = /[\p{Cf}\p{Default_Ignorable_Code_Point}]/u;
// What comes with a copied text: spaces of any width, and marks without one. Not what turns the direction of writing round.
const AROUND = /^(?:(?![\u202d\u202e])[\p{Zs}\p{Cf}])+|(?:(?![\u202d\u202e])[\p{Zs}\p{Cf}])+$/gu;

// What Entra accepts in a user name, without what Graph refuses in an invited address
// (learn.microsoft.com/graph/api/resources/invitation).
const LOCAL = /^[a-z0-9._'-]+$/;

/**
 * The one parser of mail addresses: form, bulk files, policy, command line and mailer all call it.
 *
 * The grammar is a strict subset of RFC 5321, ASCII only, and checked before anything is folded or decoded, since look-alike
 * characters fold to other people's domains. Spaces and invisible marks around the address are dropped, because people paste
 * them; line breaks and tabs are not. At most 512 characters are read.
 *
 * @param input what was typed; anything other than a string is `missing`
 */
export function parseAddress(input: unknown): ParsedAddress {
  if (typeof input !== 'string') return { ok: false, fault: 'missing' };
  if (input.length > MAX_TYPED_LENGTH) return { ok: false, fault: 'tooLong' };
  const typed = withoutAround(input);
  const fault = textFault(typed);
  if (fault === 'notAscii') return international(typed) ?? { ok: false, fault };
  if (fault !== undefined) return { ok: false, fault };
  return parseParts(typed.toLowerCase());
}

/** Nearly every address begins and ends with a visible character. */
function withoutAround(text: string): string {
  const isVisible = (at: number) => text.charCodeAt(at) > 0x20 && text.charCodeAt(at) < 0x7f;
  return isVisible(0) && isVisible(text.length - 1) ? text : text.replaceAll(AROUND, '');
}

function textFault(text: string): AddressFault | undefined {
  if (text === '') return 'missing';
  if (text.length > MAX_LENGTH) return 'tooLong';
  if (!VISIBLE_ASCII.test(text)) {
    // Words are no address with spaces in it.
    if (WHITESPACE.test(text)) return text.includes('@') ? 'whitespace' : 'noAt';
    if (INVISIBLE.test(text)) return 'invisible';
    return BEYOND_ASCII.test(text) ? 'notAscii' : 'character';
  }
  if (text.includes('"')) return 'quoted';
  return undefined;
}

/**
 * An address whose domain is written in letters beyond ASCII, with the ASCII form that mail uses. Nothing is offered for letters
 * that only fold to ASCII ones: they would lead to another domain.
 */
function international(text: string): ParsedAddress | null {
  const [, local = '', domain = ''] = /^([!-~]+)@([^@]+)$/.exec(text) ?? [];
  const written = domain.normalize('NFC').toLowerCase();
  const encoded = domainToASCII(written);
  if (!encoded.includes('xn--') || domainToUnicode(encoded) !== written) return null;
  const plain = parseParts(`${local}@${encoded}`.toLowerCase());
  return plain.ok ? { ok: false, fault: 'international', suggestion: plain.address.canonical } : null;
}

function parseParts(text: string): ParsedAddress {
  const at = text.indexOf('@');
  if (at === -1) return { ok: false, fault: 'noAt' };
  if (text.includes('@', at + 1)) return { ok: false, fault: 'severalAts' };
  const local = text.slice(0, at);
  const domain = text.slice(at + 1);
  if (local.includes('+')) return plusFault(local, domain);
  const fault = localFault(local) ?? domainFault(domain);
  if (fault !== undefined) return { ok: false, fault };
  return { ok: true, address: { local, domain, canonical: text } };
}

// Graph refuses a plus sign. The plain address is usually the same mailbox, but only its owner knows.
function plusFault(local: string, domain: string): ParsedAddress {
  const plain = parseParts(`${local.slice(0, local.indexOf('+'))}@${domain}`);
  return plain.ok
    ? { ok: false, fault: 'plus', suggestion: plain.address.canonical }
    : { ok: false, fault: 'plus' };
}

function localFault(local: string): AddressFault | undefined {
  if (local === '') return 'localPart';
  if (local.length > MAX_LOCAL_LENGTH) return 'tooLong';
  if (!LOCAL.test(local)) return 'character';
  const misplaced =
    local.startsWith('.') ||
    local.startsWith('-') ||
    local.endsWith('.') ||
    local.endsWith('-') ||
    local.includes('..');
  return misplaced ? 'localPart' : undefined;
}
