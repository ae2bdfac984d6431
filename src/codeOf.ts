/** The code that Node, a driver or a library gives an error, such as `ENOENT` or `23505`; empty without one. */
export function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : '';
}
