import type { Visitor } from './visitor.js';

export type FormFields = Record<string, string | string[]>;

/** The fields of a page's form as a browser sends them when nothing is touched: hidden ones too, buttons left out. */
export function formOf(html: string, action: string): FormFields {
  const start = html.search(
    new RegExp(`<form[^>]* action="${action.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}"`),
  );
  if (start < 0) throw new Error(`The page has no form for ${action}: ${html}`);
  const form = html.slice(start, html.indexOf('</form>', start));
  const fields: FormFields = {};
  const add = (name: string | undefined, value: string) => {
    if (name === undefined) return;
    const before = fields[name];
    fields[name] = before === undefined ? value : [before, value].flat();
  };
  const controls = /<input\b[^>]*>|<textarea\b[^>]*>[^<]*<\/textarea>|<select\b[\s\S]*?<\/select>/g;
  for (const [control] of form.matchAll(controls)) {
    const name = attribute(control, 'name');
    if (control.startsWith('<textarea')) {
      // The parser of HTML drops one line break at the start, and browsers send CRLF.
      const text = /^<textarea\b[^>]*>\n?([^<]*)/.exec(control)?.[1] ?? '';
      add(name, decoded(text).replace(/\r?\n/g, '\r\n'));
    } else if (control.startsWith('<select')) {
      const chosen =
        /<option[^>]* selected[^>]*>/.exec(control)?.[0] ?? /<option[^>]*>/.exec(control)?.[0] ?? '';
      add(name, attribute(chosen, 'value') ?? '');
    } else if (
      !['checkbox', 'radio'].includes(attribute(control, 'type') ?? '') ||
      /\schecked\b/.test(control)
    ) {
      add(name, attribute(control, 'value') ?? '');
    }
  }
  return fields;
}

/** Opens a page, changes fields of its form and sends it. `undefined` leaves a field out, as for a box that is not ticked. */
export async function fill(
  visitor: Visitor,
  page: string,
  changes: Record<string, unknown> = {},
  action = page,
) {
  const { text } = await visitor.get(page);
  return visitor.postRaw(action, { ...formOf(text, action), ...changes });
}

/** Saves what a preview shows. */
export async function save(visitor: Visitor, preview: string) {
  return visitor.postRaw('/admin/policy/save', formOf(preview, '/admin/policy/save'));
}

function attribute(tag: string, name: string): string | undefined {
  const value = new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1];
  return value === undefined ? undefined : decoded(value);
}

const ENTITIES: Record<string, string> = { lt: '<', gt: '>', amp: '&', '#34': '"', '#39': "'" };

function decoded(text: string): string {
  return text.replace(/&(lt|gt|amp|#34|#39);/g, (_, name: string) => ENTITIES[name] ?? '');
}
