import { createApp } from '../../src/app.js';
import type { Config } from '../../src/config.js';
import type { TestPortal } from '../support/portal.js';
import { signIn, STAFF, type StaffName } from '../support/staff.js';
import { Visitor } from '../support/visitor.js';
import { httpsServer } from './servers.js';

export type SecurePortal = {
  url: string;
  visitor(headers?: Record<string, string>): Visitor;
  staff(name: StaffName): Promise<Visitor>;
  close(): Promise<void>;
};

/** One more instance of a portal, with the settings of production and over https: what browsers meet there. */
export async function inProduction(
  portal: TestPortal,
  settings: Partial<Config> = {},
): Promise<SecurePortal> {
  const config = { ...portal.deps.config, production: true, baseUrl: 'https://localhost:3000', ...settings };
  const { url, close } = await httpsServer(createApp({ ...portal.deps, config }));
  const visitor = (headers?: Record<string, string>) => new Visitor(url, headers);
  return {
    url,
    visitor,
    async staff(name) {
      const person = visitor();
      await signIn(person, portal.tenant, STAFF[name]);
      return person;
    },
    close,
  };
}
