import { parse } from 'tldts';
import { z } from 'zod';

// The names of people and organisations, as they are. What carries a message to others stays out: links, phone numbers in a
// person's name, markup, and characters that change how a text reads. What is only unusual goes to an approver.

/**
 * Joiners (U+200C, U+200D) between letters of scripts that use them, and variation selectors after the characters that have
 * variants: they are part of how a name is spelt, or an emoji.
 */
const SPELLING =
  /(?<=(?![\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}])[\p{L}\p{M}])[\u200c\u200d](?=(?![\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}])[\p{L}\p{M}])|(?<=\p{Script=Han})[\ufe00-\ufe0f\u{e0100}-\u{e01ef}]|(?<=\p{Script=Mongolian})[\u180b-\u180d\u180f]|(?<=\p{Extended_Pictographic}\ufe0f?\p{EMod}?)\u200d(?=\p{Extended_Pictographic})|(?<=\p{Extended_Pictographic})\ufe0f/gu;

/** Control characters, and characters that change the direction of writing or have no width, fillers among the letters included. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/u;

/** One line of visible text; a space of any width counts as a space. */
function line(max: number) {
  return z
    .string('missing')
    .transform((text) => text.replaceAll(/\p{Zs}+/gu, ' ').trim())
    .pipe(
      z
        .string()
        .min(1, { error: 'missing', abort: true })
        // Nothing reads a text of any length.
        .max(max, { error: 'tooLong', abort: true })
        .refine((text) => !UNSEEN.test(text.replaceAll(SPELLING, '')), 'character'),
    );
}

/** Letters, marks and digits of any script, and the signs that stand in names: J.-P., O’Neil, Gal·la, a/l, (Bob), “Bob”, Jr. */
const OF_A_NAME = /^[\p{L}\p{M}\p{Nl}\p{Nd}\p{Pd} '’‘ʼ´\x60′՚׳״་༌.,،、·・‧“”()/]*$/u;

/** A person's name, the only typed value that enters a mail to the applicant. Faults: `character`, `name`, `phone`, `link`. */
export const personName = line(64)
  .refine(
    (text) => OF_A_NAME.test(text.replaceAll(SPELLING, '').normalize('NFKC')) && /\p{L}/u.test(text),
    'name',
  )
  .refine((text) => digitsIn(text) < DIGITS_OF_A_PHONE, 'phone')
  .refine((text) => !hasPath(text) && !domainsIn(text).some(({ name }) => name.length > 1), 'link');

/** An organisation's name: any real one (Booking.com, 3M, 1234567 Ontario Inc.). Faults: `character`, `company`. */
export const companyName = line(100).refine((text) => {
  // Full-width letters, signs and digits read like plain ones.
  const read = text.normalize('NFKC');
  return !LINKS_AND_MARKUP.some((pattern) => pattern.test(read)) && !hasPath(text);
}, 'company');

const LINKS_AND_MARKUP = [
  /:\/\//,
  /\bwww\./i,
  /\b(https?|ftp|mailto|tel|sms|javascript|data):\S/i,
  /\S@\S/,
  // HTML, its entities, Markdown, BBCode.
  /[<>]|&#?\w+;|\]\(|\[\/?(url|img|b|i)\b/i,
];

/** A domain with a path, a query or a port. `Inc./Ltd` has none: there is no such top-level domain. */
function hasPath(text: string): boolean {
  const [asWritten] = readings(text);
  const hosts = [...asWritten.matchAll(/([\p{L}\p{M}\p{Nd}.-]+)['’]?[/:?#]\S/gu)].map(
    ([, host = '']) => host,
  );
  return hosts.some((host) => domainsIn(host).length > 0);
}

/** Seven digits, however they are grouped, are a phone number. */
const DIGITS_OF_A_PHONE = 7;

function digitsIn(text: string): number {
  return text.match(/\p{Nd}/gu)?.length ?? 0;
}

/**
 * How programs may read a text: one character may stand for two letters (a ligature of f and i reads as .fi), dots have other
 * forms, and some programs read past marks.
 */
function readings(text: string): [string, string] {
  const plain = text
    .normalize('NFKC')
    .replaceAll(/[。．｡]/g, '.')
    .replaceAll(/\s+\./g, '.');
  const past = plain.normalize('NFKD').replaceAll(/\p{M}/gu, '').normalize('NFKC').replaceAll(/\s+\./g, '.');
  return [plain, past];
}

/** Texts that a mail program would make a link of, as `name` below a suffix that exists. */
function domainsIn(text: string): { name: string }[] {
  return readings(text)
    .flatMap((read) => read.match(/[\p{L}\p{M}\p{Nd}.-]+/gu) ?? [])
    .flatMap((word) => {
      const host = word.replace(/^[.-]+|[.-]+$/g, '');
      if (!/\.\p{L}/u.test(host)) return [];
      const { domainWithoutSuffix, isIcann, isPrivate } = parse(host);
      return domainWithoutSuffix && (isIcann || isPrivate) ? [{ name: domainWithoutSuffix }] : [];
    });
}

/** What is unusual about the names that were typed, and for an approver to look at: `J.Li` may be a person or the domain j.li. */
export function nameSuspicions(typed: {
  firstName: string;
  lastName: string;
  company: string;
}): ('name' | 'company')[] {
  const person = `${typed.firstName} ${typed.lastName}`;
  return [
    ...(digitsIn(person) > 0 || domainsIn(person).length > 0 ? (['name'] as const) : []),
    ...(PHONE.test(typed.company.normalize('NFKC')) ? (['company'] as const) : []),
  ];
}

const PHONE = /\p{Nd}([ .()/\p{Pd}]{0,3}\p{Nd}){6}/u;

/** A name for a mail: with a space after a dot, no program makes a link of it. */
export function inMail(name: string): string {
  return name.replaceAll(/[.。．｡](?=[\p{L}\p{M}\p{Nd}])/gu, '. ');
}

/** The most of a reason that a mail quotes. */
const LONGEST_QUOTE = 500;

/** A text of any form for a mail, in lines, shortened: no program makes a link of an address, a domain or a scheme in it. */
export function linesInMail(text: string): string[] {
  // Whole characters: half an emoji would be no text.
  const characters = Array.from(text);
  const short =
    characters.length > LONGEST_QUOTE ? `${characters.slice(0, LONGEST_QUOTE).join('').trimEnd()}…` : text;
  return inMail(short)
    .replaceAll(/(?<=\p{L}):(?=\S)/gu, ': ')
    .replaceAll(/(?<=\S)@(?=\S)/g, ' @ ')
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
