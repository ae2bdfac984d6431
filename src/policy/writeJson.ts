/** How a text of JSON is laid out; on a single line `eol` and `unit` are empty. */
export type Layout = { eol: string; unit: string; space: string };

export function layoutOf(text: string): Layout {
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
export function writeJson(value: unknown, layout: Layout, indent: string): string {
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

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const membersOf = (value: Record<string, unknown>) =>
  Object.entries(value).filter(([, member]) => member !== undefined);

/** A list of objects, or an object of objects: one on each line, even where all would fit. */
function holdsRecords(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.values(value).some(isRecord);
}
