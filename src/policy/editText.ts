import { isDeepStrictEqual } from 'node:util';
import { findNodeAtLocation, parseTree, type Node } from 'jsonc-parser';
import { isRecord } from './rawJson.js';

/** Sets the value at a path of the document; `undefined` removes it, the index after the last item of a list appends. */
export type PolicyEdit = { path: (string | number)[]; value: unknown };

/** An edit that does not fit the document: its path leads through something that is neither object nor list. */
export class UnfitEdit extends Error {
  override readonly name = 'UnfitEdit';
}

/**
 * Makes changes in the policy's text, one after the other. The rest stays as it was written, byte for byte: order, spaces,
 * line ends and byte-order mark. (`modify` of jsonc-parser reformats whole lines, and breaks `[1,2]` when it removes the last
 * item, so only its parser is used.)
 *
 * @throws {UnfitEdit} also when the text is not JSON
 */
export function editPolicyText(text: string, edits: readonly PolicyEdit[]): string {
  const mark = text.startsWith('\uFEFF') ? '\uFEFF' : '';
  const layout = layoutOf(text);
  return (
    mark + byEntry(edits).reduce((json, group) => editEntry(json, group, layout), text.slice(mark.length))
  );
}

type EntryEdits = { entry: PolicyEdit['path']; edits: PolicyEdit[] };

/** Groups consecutive edits inside one member of the document, or inside one item of a list there. */
function byEntry(edits: readonly PolicyEdit[]): EntryEdits[] {
  const groups: EntryEdits[] = [];
  for (const edit of edits) {
    const entry = edit.path.slice(0, typeof edit.path[1] === 'number' ? 2 : 1);
    const last = groups.at(-1);
    const inside =
      edit.path.length > entry.length && last?.edits[0] && last.edits[0].path.length > entry.length;
    if (inside && isDeepStrictEqual(last.entry, entry)) last.edits.push(edit);
    else groups.push({ entry, edits: [edit] });
  }
  return groups;
}

/** Parsing a large policy takes time: several changes of one entry parse the whole text once, and then only that entry. */
function editEntry(json: string, { entry, edits }: EntryEdits, layout: Layout): string {
  const root = edits.length > 1 ? parseTree(json) : undefined;
  const found = root && findNodeAtLocation(root, entry);
  if (!found) return edits.reduce((all, edit) => editOnce(all, edit, layout), json);
  const place = { from: found.offset, to: found.offset + found.length };
  // Keep its indentation in front: further lines are indented by it.
  const indent = indentAt(json, place.from);
  const edited = edits.reduce(
    (part, { path, value }) => editOnce(part, { path: path.slice(entry.length), value }, layout),
    indent + json.slice(place.from, place.to),
  );
  return splice(json, place, edited.slice(indent.length));
}

function editOnce(json: string, { path, value }: PolicyEdit, layout: Layout): string {
  const root = parseTree(json);
  if (!root) throw new UnfitEdit('The text is not JSON');
  const found = findNodeAtLocation(root, path);
  if (value === undefined) return found ? remove(json, found) : json;
  const replaced = found && { from: found.offset, to: found.offset + found.length };
  if (replaced) return splice(json, replaced, writeJson(value, layout, indentAt(json, replaced.from)));
  return insert(json, root, path, value, layout);
}

const splice = (json: string, { from, to }: { from: number; to: number }, by: string) =>
  json.slice(0, from) + by + json.slice(to);

/** Removes an item, or a member with its key, together with one comma. */
function remove(json: string, found: Node): string {
  const node = found.parent?.type === 'property' ? found.parent : found;
  const { parent } = node;
  if (!parent?.children) throw new UnfitEdit('The whole document cannot be removed');
  const at = parent.children.indexOf(node);
  const end = node.offset + node.length;
  const previous = parent.children[at - 1];
  if (previous) return splice(json, { from: previous.offset + previous.length, to: end }, '');
  const next = parent.children[at + 1];
  if (next) return splice(json, { from: node.offset, to: next.offset }, '');
  return splice(json, { from: parent.offset + 1, to: parent.offset + parent.length - 1 }, '');
}

/** Adds a value that is not there yet, with every object and list that is missing on its path. */
function insert(json: string, root: Node, path: PolicyEdit['path'], value: unknown, layout: Layout): string {
  let depth = path.length - 1;
  let holder = findNodeAtLocation(root, path.slice(0, depth));
  while (!holder && depth > 0) holder = findNodeAtLocation(root, path.slice(0, --depth));
  const key = path[depth];
  const expected = typeof key === 'number' ? 'array' : 'object';
  if (key === undefined || holder?.type !== expected) {
    throw new UnfitEdit(`There is no ${expected} at ${JSON.stringify(path.slice(0, depth))}`);
  }
  const wrapped = path
    .slice(depth + 1)
    .reduceRight<unknown>((inner, part) => (typeof part === 'number' ? [inner] : { [part]: inner }), value);
  const last = holder.children?.at(-1);
  if (!last) {
    const whole = typeof key === 'number' ? [wrapped] : { [key]: wrapped };
    const text = writeJson(whole, layout, indentAt(json, holder.offset));
    return splice(json, { from: holder.offset, to: holder.offset + holder.length }, text);
  }
  const ownLine = /^\s*$/.test(json.slice(lineStart(json, last.offset), last.offset));
  const indent = indentAt(json, last.offset);
  const name = typeof key === 'number' ? '' : `${JSON.stringify(key)}:${layout.space}`;
  const before = ownLine ? `,${layout.eol}${indent}` : `,${layout.space}`;
  const at = last.offset + last.length;
  return splice(json, { from: at, to: at }, before + name + writeJson(wrapped, layout, indent));
}

function lineStart(json: string, offset: number): number {
  return json.lastIndexOf('\n', offset - 1) + 1;
}

/** The white space at the beginning of the line. */
function indentAt(json: string, offset: number): string {
  return /^[ \t]*/.exec(json.slice(lineStart(json, offset), offset))?.[0] ?? '';
}

/** How a text of JSON is laid out; on a single line `eol` and `unit` are empty. */
type Layout = { eol: string; unit: string; space: string };

function layoutOf(text: string): Layout {
  if (!text.trim().includes('\n')) return { eol: '', unit: '', space: /[:,] /.test(text) ? ' ' : '' };
  return {
    eol: text.includes('\r\n') ? '\r\n' : '\n',
    unit: /\n([ \t]+)\S/.exec(text)?.[1] ?? '  ',
    space: ' ',
  };
}

/** Longer lines are broken, as people do who write such files. */
const WIDTH = 100;

/** Writes a value as JSON whose further lines are indented by `indent`: on one line where it fits, like `["a", "b"]`. */
function writeJson(value: unknown, layout: Layout, indent: string): string {
  const line = onOneLine(value, layout);
  const children: [name: string, child: unknown][] = Array.isArray(value)
    ? value.map((item: unknown) => ['', item])
    : isRecord(value)
      ? membersOf(value).map(([key, member]) => [`${JSON.stringify(key)}:${layout.space}`, member])
      : [];
  if (layout.eol === '' || children.length === 0) return line;
  if (indent.length + line.length <= WIDTH && !holdsRecords(value)) return line;
  const inner = indent + layout.unit;
  const lines = children.map(([name, child]) => `${inner}${name}${writeJson(child, layout, inner)}`);
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  return [open, lines.join(`,${layout.eol}`), `${indent}${close ?? ''}`].join(layout.eol);
}

function onOneLine(value: unknown, layout: Layout): string {
  if (Array.isArray(value)) {
    return `[${value.map((item) => onOneLine(item, layout)).join(`,${layout.space}`)}]`;
  }
  if (!isRecord(value)) return JSON.stringify(value);
  const members = membersOf(value).map(
    ([key, member]) => `${JSON.stringify(key)}:${layout.space}${onOneLine(member, layout)}`,
  );
  return members.length === 0 ? '{}' : `{${layout.space}${members.join(`,${layout.space}`)}${layout.space}}`;
}

const membersOf = (value: Record<string, unknown>) =>
  Object.entries(value).filter(([, member]) => member !== undefined);

/** A list of objects, or an object of objects: one on each line, even where all would fit. */
function holdsRecords(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.values(value).some(isRecord);
}
