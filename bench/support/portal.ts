import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UNPACED_POLICY } from '../../test/support/aPolicy.js';
import { startServer, type ServerProcess } from './processes.js';
import type { BenchStore } from './stores.js';

export const POLICY_NAME = 'partners.json';

/** Settings of a portal that never calls Graph. */
const NO_TENANT = {
  TENANT_ID: '00000000-0000-4000-8000-000000000001',
  CLIENT_ID: '00000000-0000-4000-8000-000000000002',
  CLIENT_SECRET: 'never sent',
};

/** Settings of a portal with a proxy in front, which says from where a load comes. */
export const IN_PRODUCTION = {
  BASE_URL: 'https://portal.example',
  SESSION_SECRET: 'a-secret-of-the-bench-0123456789abcdef',
  TRUST_PROXY: '1',
};

export type PortalOptions = {
  script?: string;
  /** Text of the policy file; by default a policy with one partner, fabrikam.com. */
  policy?: string;
  env?: Record<string, string>;
};

/**
 * Starts the compiled portal with production's settings: the log as it is by default, into the void, and one proxy in
 * front, so that a load may come from many clients.
 */
export async function startPortal(store: BenchStore, options: PortalOptions = {}): Promise<ServerProcess> {
  const policyFile = join(store.env.DATA_DIR, POLICY_NAME);
  await writeFile(policyFile, options.policy ?? JSON.stringify(UNPACED_POLICY));
  return startServer(options.script ?? 'dist/server.js', {
    ...store.env,
    ...NO_TENANT,
    ...IN_PRODUCTION,
    POLICY_FILE: policyFile,
    ...options.env,
  });
}

/** What a browser gets with the form. */
export type FormPage = { csrf: string; cookie: string };

export async function openForm(url: string): Promise<FormPage> {
  const answer = await fetch(`${url}/`);
  const csrf = /name="_csrf" value="([^"]+)"/.exec(await answer.text())?.[1];
  const cookie = answer.headers.getSetCookie()[0]?.split(';')[0];
  if (!csrf || !cookie) throw new Error('The form came without a token');
  return { csrf, cookie };
}

/** A filled-in form, as a browser sends it. */
export function filledIn(address: string, csrf: string): string {
  return new URLSearchParams({
    _csrf: csrf,
    email: address,
    firstName: 'Ana',
    lastName: 'Lind',
    company: 'Fabrikam',
    reason: 'Orders in the CRM',
  }).toString();
}

/** A client address for each number, so that no client reaches its limit. */
export function clientOf(number: number): string {
  return `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`;
}
