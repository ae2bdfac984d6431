/**
 * Whether a text is an https URL that a policy may contain: plain visible ASCII, since `new URL` folds look-alike
 * characters to other hosts; a host of letters, digits, dots and hyphens, since it becomes part of headers; no backslash,
 * which browsers read as a slash; no user name or password, which hide the host.
 */
export function isHttpsUrl(text: string): boolean {
  if (
    !/^https:\/\/[a-z0-9.-]+(:\d+)?([/?#][!-~]*)?$/i.test(text) ||
    text.includes('\\') ||
    !URL.canParse(text)
  )
    return false;
  const { username, password } = new URL(text);
  return username === '' && password === '';
}
