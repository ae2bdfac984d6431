/**
 * Decides alone where a person may be sent that a request names, after signing in for example: to a path of this portal, in the characters that a URL may
 * hold. Browsers read `\` as `/`, drop tabs and line breaks, and take `//host` for another host.
 *
 * @param wanted whatever the request named
 * @param otherwise where people land without a page of ours to go back to
 * @returns the path with its query
 */
export function localPath(wanted: unknown, otherwise = '/admin'): string {
  if (typeof wanted !== 'string' || wanted.length > 2_000) return otherwise;
  if (!/^\/(?![/\\])[!-~]*$/.test(wanted) || wanted.includes('\\')) return otherwise;
  const origin = 'http://portal.invalid';
  const url = URL.canParse(wanted, origin) ? new URL(wanted, origin) : null;
  if (url?.origin !== origin) return otherwise;
  // What the browser would make of it: `/..//host` is normalised to `//host`.
  const path = `${url.pathname}${url.search}`;
  return path.startsWith('//') || hidesMore(url.pathname) ? otherwise : path;
}

/** Whether decoding the path again, as proxies do, would give another one. */
function hidesMore(path: string): boolean {
  return /%(2f|5c|0[0-9a-f]|1[0-9a-f]|25)/i.test(path);
}
