/** The text of a piece of HTML, as a person reads it. */
export function textOf(html: string): string {
  return unescape(html.replace(/<[^>]*>/g, ' '))
    .replace(/\s+/g, ' ')
    .trim();
}

/** A page without what differs from one answer to the next and says nothing: tokens of forms, and the way back of the language switch. */
export function comparable(html: string): string {
  return html.replace(/(name="(?:_csrf|back)"(?: type="hidden")? value=")[^"]*/g, '$1');
}

/** What the error summary lists: the field that each message links to, and the message. */
export function faultsOf(html: string): [field: string, message: string][] {
  const summary = /<div class="summary"[\s\S]*?<\/div>/.exec(html)?.[0] ?? '';
  return [...summary.matchAll(/<a href="#([\w-]+)">([^<]*)<\/a>/g)].map(([, field = '', message = '']) => [
    field,
    unescape(message),
  ]);
}

/** What stands in a field of the form; undefined when the page has no such field. */
export function valueOf(html: string, field: string): string | undefined {
  const input = new RegExp(`<input[^>]* id="${field}"[^>]* value="([^"]*)"`).exec(html)?.[1];
  const area = new RegExp(`<textarea[^>]* id="${field}"[^>]*>\n?([^<]*)<`).exec(html)?.[1];
  const value = input ?? area;
  return value === undefined ? undefined : unescape(value);
}

const ENTITIES: Record<string, string> = { lt: '<', gt: '>', amp: '&', '#34': '"', '#39': "'" };

function unescape(text: string): string {
  return text.replace(/&(lt|gt|amp|#34|#39);/g, (_, name: string) => ENTITIES[name] ?? '');
}
