import type { AddressFault } from './address.js';

/** The fault as an English sentence for admins; pages for partners have their own words. */
export function explainFault(fault: AddressFault): string {
  return SENTENCES[fault];
}

const SENTENCES: Record<AddressFault, string> = {
  missing: 'No address was given.',
  tooLong: 'The address is too long: at most 64 characters before the @, and 254 in all.',
  whitespace: 'The address contains a space, a tab or a line break.',
  notAscii:
    'The address contains a character outside ASCII, perhaps one that only looks like a plain letter.',
  noAt: 'The address has no @.',
  severalAts: 'There is more than one @: give one address, and nothing else.',
  quoted: 'The address contains quotation marks, which Microsoft Graph refuses.',
  plus: 'The address contains a plus sign, which Microsoft Graph refuses.',
  character: 'The address contains a character that Microsoft Graph refuses.',
  localPart: 'The part before the @ is empty, begins or ends with a dot or hyphen, or has two dots in a row.',
  domain: 'The part after the @ is not a domain name.',
  noTopLevelDomain: 'The domain has no top-level domain such as .com.',
};
