import { domainToASCII } from 'node:url';
import { parseAddress } from './address.js';
import { domainFault } from './domainName.js';

/**
 * A domain rule in its one written form, lower case. `text` is the rule itself: `fabrikam.com` (the domain alone),
 * `*.fabrikam.com` (any depth below, not the domain itself) or `ana@fabrikam.com`; `domain` is what follows `*.` or `@`.
 */
export type Rule = { kind: 'address' | 'domain' | 'wildcard'; text: string; domain: string };

export type ParsedRule = { ok: true; rule: Rule } | { ok: false; message: string };

const BEYOND_ASCII = /[^!-~]/;

/** Reads a domain rule as an admin wrote it; nothing is trimmed, upper case becomes lower case. The message says what to write instead. */
export function parseRule(written: string): ParsedRule {
  if (BEYOND_ASCII.test(written)) return { ok: false, message: notAsciiMessage(written) };
  if (/[,;]/.test(written))
    return { ok: false, message: `"${written}" contains several rules; write each one separately` };
  const text = written.toLowerCase();
  if (text.includes('@')) return parseAddressRule(text, written);
  const kind = text.startsWith('*.') ? 'wildcard' : 'domain';
  const domain = kind === 'wildcard' ? text.slice(2) : text;
  // `*.ru` is valid here: denying a whole top-level domain makes sense, and `checkRule` refuses it for a partner.
  const fault = domainFault(kind === 'wildcard' ? `any.${domain}` : domain);
  if (fault === undefined) return { ok: true, rule: { kind, text, domain } };
  return { ok: false, message: `"${written}" is not a domain, a *.domain or a full address` };
}

function parseAddressRule(text: string, written: string): ParsedRule {
  const parsed = parseAddress(text);
  if (parsed.ok) return { ok: true, rule: { kind: 'address', text, domain: parsed.address.domain } };
  const instead = parsed.suggestion === undefined ? '' : `; write "${parsed.suggestion}"`;
  return { ok: false, message: `"${written}" is not an address that can be invited${instead}` };
}

// Letters outside ASCII are never folded silently: a name that looks like contoso.com may be another domain.
function notAsciiMessage(written: string): string {
  if (/[\s\p{Zs}]/u.test(written)) return `"${written}" contains a space; a rule has none`;
  if (/\p{Cf}/u.test(written)) return `"${written}" contains an invisible character`;
  const [, before = '', domain = ''] = /^(.*@|\*\.)?(.*)$/s.exec(written) ?? [];
  const encoded = domainToASCII(domain);
  const plain = `${before}${encoded}`;
  // Only a domain has an ASCII form; with other characters before it this would call itself for ever.
  return encoded !== '' && !BEYOND_ASCII.test(before) && parseRule(plain).ok
    ? `"${written}" must be written in ASCII: "${plain}"`
    : `"${written}" must be written in visible ASCII characters`;
}
