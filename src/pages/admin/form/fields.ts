import { isDeepStrictEqual } from 'node:util';
import { malformed } from '../../../errors.js';
import { childPath } from '../../../policy/jsonWalk.js';
import { isRecord, memberOf } from '../../../policy/rawJson.js';
import type { WrittenTexts } from '../../../policy/texts.js';

/** What a field holds as it is typed: a text, or the boxes that are ticked. */
export type FormValue = string | string[];

/** One field of a form, and the member of the policy that it stands for. */
export type Field = {
  /** Where the member stands, below the object that the form is about. */
  path: readonly string[];
  /** Written also when it is empty, so that the policy's check names what is missing. */
  required: boolean;
  /** It has a field for each language; see {@link texts}. */
  byLanguage?: boolean;
  /** What the form shows for a member of the policy; `undefined` for one that is not there. */
  show: (written: unknown) => FormValue;
  /** The member to write for what was typed; `undefined` for none. Values of the wrong kind are kept for the check. */
  write: (typed: FormValue) => unknown;
};

export type Fields<Name extends string> = Readonly<Record<Name, Field>>;
export type FormValues<Name extends string> = Record<Name, FormValue>;

type Options = { required?: boolean };
const asText = (value: FormValue) => (typeof value === 'string' ? value : value.join('\n'));
const shownText = (written: unknown) =>
  typeof written === 'string' || typeof written === 'number' ? String(written) : '';

/** A field of one line. */
export function line(path: string[], { required = false }: Options = {}): Field {
  const write = (typed: FormValue) => {
    const text = asText(typed).trim();
    return text === '' && !required ? undefined : text;
  };
  return { path, required, show: shownText, write };
}

/** A text of several lines, kept as it is typed. Browsers send its line ends as CRLF. */
export function text(path: string[]): Field {
  const write = (typed: FormValue) => asText(typed).replace(/\r\n?/g, '\n') || undefined;
  return { path, required: false, show: shownText, write };
}

/**
 * One text, or one for each language. It is typed as the tag of a language and its text, by turns: a hidden field and a text of
 * one name. The tag is empty where none is named.
 */
export function texts(path: string[]): Field {
  return { path, required: false, byLanguage: true, show: showTexts, write: writeTexts };
}

export function showTexts(written: unknown): string[] {
  if (typeof written === 'string') return ['', written];
  return isRecord(written) ? Object.entries(written).flatMap(([tag, text]) => [tag, shownText(text)]) : [];
}

export function writeTexts(typed: FormValue): WrittenTexts | undefined {
  const filled = textsTyped(typed).filter(({ text }) => text.trim() !== '');
  const [first, ...others] = filled;
  if (first?.tag === '' && others.length === 0) return first.text;
  return first && Object.fromEntries(filled.map(({ tag, text }) => [tag, text]));
}

/** The texts of {@link texts}, also empty ones. One alone may come without its tag, from a program. */
export function textsTyped(typed: FormValue): { tag: string; text: string }[] {
  const values = [typed].flat();
  if (values.length === 1) values.unshift('');
  return values.flatMap((tag, index) =>
    index % 2 === 0 ? [{ tag, text: (values[index + 1] ?? '').replace(/\r\n?/g, '\n') }] : [],
  );
}

/** A list, one item a line. */
export function lines(path: string[], { required = false }: Options = {}): Field {
  const show = (written: unknown) => textsIn(written).join('\n');
  const write = (typed: FormValue) =>
    asText(typed)
      .split(/[\r\n,;]+/)
      .map((item) => item.trim())
      .filter((item) => item !== '');
  return { path, required, show, write };
}

/** A list of boxes to tick. */
export function ticks(path: string[]): Field {
  return {
    path,
    required: false,
    show: textsIn,
    write: (typed) => (typeof typed === 'string' ? [typed] : typed),
  };
}

/** One of several values; `otherwise` is the policy's default. */
export function choice(path: string[], otherwise: string): Field {
  return { path, required: false, show: (written) => shownText(written) || otherwise, write: asText };
}

/** Yes or no. */
export function flag(path: string[], otherwise: boolean): Field {
  const show = (written: unknown) => ((written ?? otherwise) === true ? 'yes' : '');
  return { path, required: false, show, write: (typed) => typed !== '' };
}

/** A number. Text that is no number is kept, so that the policy's check names it. */
export function number(path: string[]): Field {
  const write = (typed: FormValue) => {
    const digits = asText(typed).trim();
    if (digits === '') return undefined;
    return /^-?\d{1,15}(\.\d+)?$/.test(digits) ? Number(digits) : digits;
  };
  return { path, required: false, show: shownText, write };
}

function textsIn(written: unknown): string[] {
  return Array.isArray(written) ? written.filter((item) => typeof item === 'string') : [];
}

const namesOf = <Name extends string>(fields: Fields<Name>) => Object.keys(fields) as Name[];

/** The values that a form shows for an object of the policy; `undefined` for a new one. */
export function showForm<Name extends string>(fields: Fields<Name>, written: unknown): FormValues<Name> {
  return mapFields(fields, (name) => fields[name].show(valueAt(written, fields[name].path)));
}

/**
 * Reads a posted form, and ignores fields that it does not have.
 *
 * @throws {PublicError} `malformed` when a field that stands once is sent twice
 */
export function readForm<Name extends string>(
  fields: Fields<Name>,
  body: Record<string, unknown>,
): FormValues<Name> {
  return mapFields(fields, (name) => {
    const many = Array.isArray(fields[name].show(undefined));
    return many ? textsOf(body[name]) : textOf(body[name]);
  });
}

/** A field that is sent once, or not at all. */
export function textOf(value: unknown): string {
  if (value === undefined) return '';
  if (typeof value !== 'string') throw malformed();
  return value;
}

/** A field that may be sent many times. */
export function textsOf(value: unknown): string[] {
  const values: unknown[] = value === undefined ? [] : Array.isArray(value) ? value : [value];
  return values.map(textOf);
}

/** The fields whose typed values differ from the object as it is written. */
export function differingFields<Name extends string>(
  fields: Fields<Name>,
  written: unknown,
  typed: FormValues<Name>,
): Name[] {
  return namesOf(fields).filter((name) => {
    const { path, show, write } = fields[name];
    // Compared as the form would write it, so that a default that nobody wrote stays unwritten.
    return !isDeepStrictEqual(write(typed[name]), write(show(valueAt(written, path))));
  });
}

/** The members of those fields, with the value that each is to have. */
export function changesOf<Name extends string>(
  fields: Fields<Name>,
  written: unknown,
  typed: FormValues<Name>,
): { path: readonly string[]; value: unknown }[] {
  return differingFields(fields, written, typed).map((name) => {
    const { path, write } = fields[name];
    return { path, value: write(typed[name]) };
  });
}

/** A new object, with the members that differ from their defaults. */
export function newObject<Name extends string>(
  fields: Fields<Name>,
  typed: FormValues<Name>,
): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (const name of namesOf(fields)) {
    const { path, required, show, write } = fields[name];
    const value = write(typed[name]);
    if (required || !isDeepStrictEqual(value, write(show(undefined)))) setAt(object, path, value);
  }
  return object;
}

/**
 * The field of a fault's path, by its id on the page; null for none.
 *
 * @param object the path of the form's object, such as `partners[2]`
 * @param faultPath such as `partners[2].domains[0]`
 */
export function fieldOfFault(fields: Fields<string>, object: string, faultPath: string): string | null {
  for (const [name, { path: members, byLanguage }] of Object.entries(fields)) {
    const path = members.reduce(childPath, object);
    const [, tag = ''] = /^\.(.+)$/.exec(faultPath.slice(path.length)) ?? [];
    if (faultPath === path || faultPath.startsWith(`${path}[`) || faultPath.startsWith(`${path}.`))
      return byLanguage ? textId(name, tag) : name;
  }
  return null;
}

/** The id of the field for a text in a language. */
export function textId(name: string, tag: string): string {
  return tag === '' ? name : `${name}-${tag}`;
}

function mapFields<Name extends string, T>(fields: Fields<Name>, of: (name: Name) => T): Record<Name, T> {
  return Object.fromEntries(namesOf(fields).map((name) => [name, of(name)])) as Record<Name, T>;
}

function valueAt(object: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => memberOf(value, key), object);
}

function setAt(object: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [key = '', ...rest] = path;
  if (rest.length === 0) {
    object[key] = value;
    return;
  }
  const inner = (object[key] ?? {}) as Record<string, unknown>;
  object[key] = inner;
  setAt(inner, rest, value);
}
