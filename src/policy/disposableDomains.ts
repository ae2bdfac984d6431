import { domainList } from './domainList.js';

/**
 * Whether mailboxes of this domain (or of one above it) are thrown away after use. A few well-known providers only; a list
 * kept by others is to take its place, as new ones appear every day.
 */
export const isDisposableDomain = domainList(`
  10minutemail.com 10minutemail.net 20minutemail.com 33mail.com anonaddy.me burnermail.io discard.email discardmail.com
  dispostable.com dropmail.me emailondeck.com fakeinbox.com fakemail.net getairmail.com getnada.com grr.la
  guerrillamail.biz guerrillamail.com guerrillamail.de guerrillamail.info guerrillamail.net guerrillamail.org
  guerrillamailblock.com harakirimail.com inboxkitten.com jetable.org mail-temp.com mailcatch.com maildrop.cc mailexpire.com
  mailinator.com mailinator.net mailinator2.com mailnesia.com mailnull.com mailsac.com minuteinbox.com mintemail.com
  moakt.com mohmal.com mytemp.email mytrashmail.com nada.email pokemail.net sharklasers.com spam4.me spambox.us spamgourmet.com
  temp-mail.io temp-mail.org tempail.com tempmail.com tempmail.dev tempmail.net tempmailo.com tempr.email throwaway.email
  throwawaymail.com trash-mail.com trashmail.com trashmail.de trashmail.me trashmail.net wegwerfmail.de wegwerfmail.net
  yopmail.com yopmail.fr yopmail.net
`);
