import type { Tenant } from './tenant.js';

/**
 * Signs a person of the simulated tenant in at a portal.
 *
 * @returns the cookies of the session, as a browser sends them
 */
export async function signInAt(
  url: string,
  tenant: Pick<Tenant, 'peopleUrl'>,
  oid: string,
  client = '127.0.0.1',
): Promise<string> {
  const cookies = new Map<string, string>();
  const get = async (path: string) => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(`${url}${path}`, {
      redirect: 'manual',
      // What the proxy in front would say.
      headers: { cookie, 'x-forwarded-proto': 'https', 'x-forwarded-for': client },
    });
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      cookies.set(name, value);
    }
    const location = answer.headers.get('location');
    if (answer.status !== 303 && answer.status !== 302)
      throw new Error(`${path.split('?')[0]} was answered with ${answer.status}`);
    return location ?? '';
  };
  const authorizeUrl = await get('/sign-in?returnTo=/admin');
  const answer = await fetch(`${tenant.peopleUrl}/control/sign-in`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ oid, authorizeUrl }),
  });
  const { redirect } = (await answer.json()) as { redirect: string };
  const { pathname, search } = new URL(redirect);
  await get(`${pathname}${search}`);
  return [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
}
