/** What the environment says of the database; see `.env.example`. */
type Given = Partial<Record<'DATABASE_URL' | 'IDENTITY_ENDPOINT', string | undefined>>;

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];
/** All that the URL may ask for beside server, user and database where an identity signs in. */
const TAKEN = ['sslmode', 'sslrootcert'];

/** Without a password in the URL, the managed identity signs in, where there is one. */
export function databaseSignIn({
  DATABASE_URL: url,
  IDENTITY_ENDPOINT: identity,
}: Given): 'url' | 'managedIdentity' {
  if (!url || !identity) return 'url';
  const { password, searchParams } = new URL(url);
  return password === '' && !searchParams.has('password') ? 'managedIdentity' : 'url';
}

/** What keeps an identity from signing in with that URL: a token is worth the database to whoever is sent it. */
export function signInFault(given: Given): string | null {
  const url = given.DATABASE_URL ?? '';
  if (!URL.canParse(url) || databaseSignIn(given) === 'url') return null;
  const { hostname, username, searchParams } = new URL(url);
  if (username === '') return 'needs the name by which the managed identity signs in';
  const names = [...searchParams.keys()];
  // The driver would go by the last of two, and to the `host` that they name.
  if (names.some((name) => !TAKEN.includes(name)) || new Set(names).size < names.length) {
    return 'takes sslmode and sslrootcert, each once, and no more where the managed identity signs in';
  }
  const mode = searchParams.get('sslmode');
  if (mode === 'verify-full') return null;
  if (LOOPBACK.includes(hostname) && (mode === null || mode === 'disable')) return null;
  return 'needs sslmode=verify-full, or the identity’s token would go to whoever answers';
}
