import { disposableEmailBlocklistSet } from 'disposable-email-domains-js';
import { domainList, words } from './domainList.js';

/** Well-known ones that the package's list does not have. */
const BESIDES = words(`
  33mail.com anonaddy.me burnermail.io mail-temp.com spamgourmet.com temp-mail.io tempmail.com tempmail.dev tempmail.net
  throwaway.email
`);

/**
 * Whether mailboxes of this domain (or of one above it) are thrown away after use. New ones appear every day, so the list is
 * the one that many keep together (github.com/disposable-email-domains), as a package: an upgrade of it brings the new
 * ones. It holds domains alone, reads them from its own folder and asks nothing of the network; loading takes 5 ms and 2 MB.
 */
export const isDisposableDomain = domainList([...disposableEmailBlocklistSet(), ...BESIDES]);
