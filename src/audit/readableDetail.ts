/** What an event recorded besides, as pairs of a name and a text; what is null is left out. */
export function readableDetail(detail: string): [name: string, value: string][] {
  return Object.entries(JSON.parse(detail) as Record<string, unknown>)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]);
}
