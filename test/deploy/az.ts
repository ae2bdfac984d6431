import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { answer, Refusal, type Tenant } from './azTenant.js';

// What the Azure CLI does with the commands of deploy/register.sh. Every call is recorded, and one that the real command would not
// take, or that nobody expects, is refused and on record as such.

export type Cloud = Tenant & {
  signedIn: boolean;
  vaults: Record<string, { secrets: Record<string, { value: string; expires: string }>; readOnly?: boolean }>;
  sites: Record<string, { identity?: { principalId: string }; defaultHostName: string; BASE_URL?: string }>;
};
export type Call = { argv: string[]; body: unknown; changes: boolean; mistake: string | null };

type Given = Record<string, string | undefined>;
type Command = {
  options: string[];
  required: string[];
  run: (given: Given, cloud: Cloud, call: Call) => unknown;
};

const SITE = {
  options: ['name', 'resource-group', 'slot', 'query', 'output'],
  required: ['name', 'resource-group'],
};
const USER = { name: 'ada@contoso.com', type: 'user' };
const commands: Record<string, Command> = {
  'account show': { options: ['output'], required: [], run: () => ({ tenantId: TENANT, user: USER }) },
  'cloud show': {
    options: ['output'],
    required: [],
    run: () => ({
      endpoints: {
        microsoftGraphResourceId: 'https://graph.microsoft.com/',
        resourceManager: 'https://management.azure.com/',
      },
    }),
  },
  'webapp show': {
    ...SITE,
    run: (given, cloud) => ({ id: `/subscriptions/s/sites/${siteName(given)}`, ...site(given, cloud) }),
  },
  'webapp config appsettings list': {
    ...SITE,
    run: (given, cloud) => {
      if (given.query !== "[?name=='BASE_URL'].value") throw new TypeError('another query');
      return [site(given, cloud).BASE_URL].filter(Boolean);
    },
  },
  'keyvault secret list': {
    options: ['vault-name', 'query', 'output'],
    required: ['vault-name'],
    run: (given, cloud) => {
      if (given.query !== "[?name=='client-secret'].name") throw new TypeError('another query');
      return Object.keys(vault(given, cloud).secrets).filter((name) => name === 'client-secret');
    },
  },
  'keyvault secret set': {
    options: ['vault-name', 'name', 'file', 'encoding', 'expires', 'output'],
    required: ['vault-name', 'name', 'file'],
    run: (given, cloud, call) => {
      call.changes = true;
      // The real command prints the value.
      if (given.output !== 'none') throw new TypeError('the secret would be printed');
      if (vault(given, cloud).readOnly)
        throw new Refusal('Forbidden', 'ForbiddenByRbac', 'Caller is not authorized.');
      const { name = '', file = '', expires = '' } = given;
      vault(given, cloud).secrets[name] = { value: readFileSync(file, 'utf8'), expires };
    },
  },
  rest: { options: ['method', 'url', 'headers', 'body', 'output'], required: ['method', 'url'], run: rest },
};

const TENANT = '11111111-0000-4000-8000-000000000001';

function rest({ method = '', url = '', body, headers }: Given, cloud: Cloud, call: Call): unknown {
  call.changes = method !== 'GET';
  if (body !== undefined) {
    if (!body.startsWith('@')) throw new TypeError('a body on the command line');
    if (headers !== 'Content-Type=application/json') throw new TypeError('a body of no type');
    call.body = JSON.parse(readFileSync(body.slice(1), 'utf8'));
  }
  if (url.startsWith('https://graph.microsoft.com/v1.0/')) {
    return answer(cloud, method, new URL(url), (call.body ?? {}) as Record<string, unknown>);
  }
  const refresh =
    /^https:\/\/management\.azure\.com\/subscriptions\/s\/sites\/[\w/]+\/config\/configreferences\/appsettings\/refresh\?api-version=2022-03-01$/;
  if (method === 'POST' && refresh.test(url)) return {};
  throw new TypeError(`no such address: ${url}`);
}

function siteName({ name, slot }: Given): string {
  return slot === undefined ? String(name) : `${String(name)}/slots/${slot}`;
}

function site(given: Given, cloud: Cloud) {
  const one = cloud.sites[siteName(given)];
  if (!one) throw new Refusal('Not Found', 'ResourceNotFound', 'The site was not found.');
  return one;
}

function vault(given: Given, cloud: Cloud) {
  const one = cloud.vaults[given['vault-name'] ?? ''];
  if (!one) throw new Refusal('Forbidden', 'ForbiddenByRbac', 'Caller is not authorized to perform action.');
  return one;
}

function run(cloud: Cloud, call: Call): unknown {
  const { argv } = call;
  const words = argv.slice(
    0,
    argv.findIndex((word) => word.startsWith('-')),
  );
  const command = commands[words.join(' ')];
  if (!command) throw new TypeError(`no such command: ${argv.join(' ')}`);
  const options = Object.fromEntries(command.options.map((name) => [name, { type: 'string' as const }]));
  const { values } = parseArgs({ args: argv.slice(words.length), options, strict: true });
  for (const name of command.required) if (!values[name]) throw new TypeError(`--${name} is missing`);
  if (!['json', 'none'].includes(String(values.output)))
    throw new TypeError('an output of the user’s choosing');
  if (!cloud.signedIn) throw new Refusal('', 'az login', "Please run 'az login' to setup account.");
  return command.run(values, cloud, call);
}

/** One call of `az`: its exit code and what it prints; the cloud is changed, and the call recorded. */
export function az(argv: string[], cloud: Cloud, calls: Call[]): { code: number; out: string; err: string } {
  const call: Call = { argv, body: null, changes: false, mistake: null };
  calls.push(call);
  try {
    const result = run(cloud, call);
    return {
      code: 0,
      out: result === undefined || argv.includes('none') ? '' : JSON.stringify(result),
      err: '',
    };
  } catch (error) {
    if (!(error instanceof Refusal)) call.mistake = String(error);
    const { reason, code, message } =
      error instanceof Refusal ? error : new Refusal('stub', '', String(error));
    return { code: 1, out: '', err: `ERROR: ${reason}(${JSON.stringify({ error: { code, message } })})\n` };
  }
}
