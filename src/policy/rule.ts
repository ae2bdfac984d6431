import { domainToASCII } from 'node:url';
import { parseAddress } from './address.js';
import { domainFault } from './domainName.js';
import { reason, type FaultReason } from './policyFault.js';

/**
 * A domain rule in its one written form, lower case. `text` is the rule itself: `fabrikam.com` (the domain alone),
 * `*.fabrikam.com` (any depth below, not the domain itself) or `ana@fabrikam.com`; `domain` is what follows `*.` or `@`.
 */
export type Rule = { kind: 'address' | 'domain' | 'wildcard'; text: string; domain: string };

export type ParsedRule = { ok: true; rule: Rule } | { ok: false; fault: FaultReason };

const BEYOND_ASCII = /[^!-~]/;

/** Reads a domain rule as an admin wrote it; nothing is trimmed, upper case becomes lower case. The fault says what to write instead. */
export function parseRule(written: string): ParsedRule {
  if (BEYOND_ASCII.test(written)) return { ok: false, fault: asciiFault(written) };
  if (/[,;]/.test(written)) return { ok: false, fault: reason('rule.several', { rule: written }) };
  const text = written.toLowerCase();
  if (text.includes('@')) return parseAddressRule(text, written);
  const kind = text.startsWith('*.') ? 'wildcard' : 'domain';
  const domain = kind === 'wildcard' ? text.slice(2) : text;
  // `*.ru` is valid here: denying a whole top-level domain makes sense, and `checkRule` refuses it for a partner.
  const fault = domainFault(kind === 'wildcard' ? `any.${domain}` : domain);
  if (fault === undefined) return { ok: true, rule: { kind, text, domain } };
  return { ok: false, fault: reason('rule.malformed', { rule: written }) };
}

function parseAddressRule(text: string, written: string): ParsedRule {
  const parsed = parseAddress(text);
  if (parsed.ok) return { ok: true, rule: { kind: 'address', text, domain: parsed.address.domain } };
  const { suggestion: instead } = parsed;
  const fault =
    instead === undefined
      ? reason('rule.address', { rule: written })
      : reason('rule.otherAddress', { rule: written, instead });
  return { ok: false, fault };
}

// Letters outside ASCII are never folded silently: a name that looks like contoso.com may be another domain.
function asciiFault(written: string): FaultReason {
  if (/[\s\p{Zs}]/u.test(written)) return reason('rule.space', { rule: written });
  if (/\p{Cf}/u.test(written)) return reason('rule.invisible', { rule: written });
  const [, before = '', domain = ''] = /^(.*@|\*\.)?(.*)$/s.exec(written) ?? [];
  const encoded = domainToASCII(domain);
  const plain = `${before}${encoded}`;
  // Only a domain has an ASCII form; with other characters before it this would call itself for ever.
  return encoded !== '' && !BEYOND_ASCII.test(before) && parseRule(plain).ok
    ? reason('rule.encoded', { rule: written, instead: plain })
    : reason('rule.notAscii', { rule: written });
}
