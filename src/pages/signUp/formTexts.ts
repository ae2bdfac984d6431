import { z } from 'zod';

/**
 * One line of visible text. Refuses what makes a text look like another one: control characters, those that turn the
 * direction of writing, and those that take no room, the fillers among the letters included.
 */
function line(max: number) {
  return z
    .string('missing')
    .trim()
    .min(1, 'missing')
    .max(max, 'tooLong')
    .regex(/^[^\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]*$/u, 'character');
}

/** A person's name, the one thing typed here that enters a mail: letters only, and nothing that reads as a link. */
export const personName = line(64)
  .regex(/^[\p{L}\p{M} '’.-]*$/u, 'name')
  // One letter may stand for two: mail programs and browsers read the ligature of f and i as .fi.
  .refine(
    (value) => /\p{L}/u.test(value) && !/\s\.|\.\p{M}*(\p{L}\p{M}*){2}/u.test(value.normalize('NFKC')),
    'name',
  );

/** An organisation's name: whatever one may be called (Booking.com, 3M, Studio 54), but nothing to follow, call or render. */
export const companyName = line(100).refine(
  // Full-width letters, signs and digits read as plain ones do.
  (value) => !NOT_IN_A_NAME.some((pattern) => pattern.test(value.normalize('NFKC'))),
  'company',
);

const NOT_IN_A_NAME = [
  /:\/\//,
  /\bwww\./i,
  /\b(https?|ftp|mailto|tel|sms|javascript|data):\S/i,
  // A domain with a path, an address.
  /\.\p{L}{2,}\//u,
  /\S@\S/,
  // HTML, its entities, Markdown, BBCode.
  /[<>]|&#?\w+;|\]\(|\[\/?(url|img|b|i)\b/i,
  // A phone number: seven digits, however they are grouped.
  /\p{Nd}([ .()/\p{Pd}]{0,3}\p{Nd}){6}/u,
];
