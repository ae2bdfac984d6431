/** Where people land without a page of ours to go back to. */
const FALLBACK = '/admin';

/**
 * Decides alone where a person may be sent after signing in: to a path of this portal, in the characters that a URL may
 * hold. Browsers read `\` as `/`, drop tabs and line breaks, and take `//host` for another host.
 *
 * @param wanted whatever the request named
 * @returns the path with its query, or `/admin`
 */
export function localPath(wanted: unknown): string {
  if (typeof wanted !== 'string' || wanted.length > 2_000) return FALLBACK;
  if (!/^\/(?![/\\])[!-~]*$/.test(wanted) || wanted.includes('\\')) return FALLBACK;
  const origin = 'http://portal.invalid';
  const url = URL.canParse(wanted, origin) ? new URL(wanted, origin) : null;
  if (url?.origin !== origin) return FALLBACK;
  // What the browser would make of it: `/..//host` is normalised to `//host`.
  const path = `${url.pathname}${url.search}`;
  return path.startsWith('//') || hidesMore(url.pathname) ? FALLBACK : path;
}

/** Whether decoding the path again, as proxies do, would give another one. */
function hidesMore(path: string): boolean {
  return /%(2f|5c|0[0-9a-f]|1[0-9a-f]|25)/i.test(path);
}
