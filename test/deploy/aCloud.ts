import { execFile, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { az, type Call, type Cloud } from './az.js';
import type { Application, Role } from './azTenant.js';

// The `az` on the script’s PATH hands its arguments to this process, which answers as the Azure CLI would: some tests make hundreds
// of calls, and a process of Node’s for each would take most of their time.

const SCRIPT = join(import.meta.dirname, '../../deploy/register.sh');

/** What deploy/register.sh needs of the machine; in CI it has to be there. */
export const canRegister =
  process.env.CI !== undefined || ['bash', 'jq'].every((tool) => spawnSync(tool, ['--version']).status === 0);

const role = (value: string, number: number): Role => ({
  id: `bbbbbbbb-0000-4000-8000-${String(number).padStart(12, '0')}`,
  value,
  allowedMemberTypes: ['Application'],
});

/** Object ids of the tenant below. */
export const GRAPH = '33333333-0000-4000-8000-000000000001';
export const IDENTITY = '33333333-0000-4000-8000-000000000002';
export const SLOT_IDENTITY = '33333333-0000-4000-8000-000000000003';

/** Graph's permissions by name, and their ids in this tenant. */
export const PERMISSION: Record<string, Role> = Object.fromEntries(
  [
    'User.Invite.All',
    'GroupMember.ReadWrite.All',
    'User.Read.All',
    'AppRoleAssignment.ReadWrite.All',
    'Application.Read.All',
    'Policy.Read.All',
    'User.DeleteRestore.All',
    'LicenseAssignment.Read.All',
    'AuditLog.Read.All',
    'Mail.Send',
  ].map((name, index) => [name, role(name, index)]),
);

const SCOPES = ['openid', 'profile', 'email', 'offline_access', 'User.Read'].map((value, index) => ({
  id: `cccccccc-0000-4000-8000-00000000000${index}`,
  value,
}));

const empty: Cloud = {
  signedIn: true,
  applications: [],
  principals: [
    {
      id: GRAPH,
      appId: '00000003-0000-0000-c000-000000000000',
      displayName: 'Microsoft Graph',
      // Delegated ones carry the same names; only those for applications count.
      appRoles: [
        { ...role('User.Read.All', 99), allowedMemberTypes: ['User'] },
        ...Object.values(PERMISSION),
      ],
      oauth2PermissionScopes: SCOPES,
    },
    { id: IDENTITY, appId: 'site', displayName: 'portal', appRoles: [] },
    { id: SLOT_IDENTITY, appId: 'slot', displayName: 'portal/staging', appRoles: [] },
  ],
  assignments: [],
  grants: [],
  users: [
    {
      id: '66666666-0000-4000-8000-000000000001',
      userPrincipalName: 'ada@contoso.com',
      displayName: 'Ada Admin',
    },
    {
      id: '66666666-0000-4000-8000-000000000002',
      userPrincipalName: 'bo+1@contoso.com',
      displayName: 'Bo Berg',
    },
  ],
  lag: 0,
  unseen: {},
  hidden: 0,
  forbidden: [],
  // Graph’s own; each further page is a process or two.
  pageSize: 100,
  made: 0,
  vaults: { 'portal-kv': { secrets: {} } },
  sites: {
    portal: { identity: { principalId: IDENTITY }, defaultHostName: 'portal.azurewebsites.net' },
    'portal/slots/staging': {
      identity: { principalId: SLOT_IDENTITY },
      defaultHostName: 'portal-staging.azurewebsites.net',
    },
  },
};

export type Run = { code: number; out: string; err: string; calls: Call[] };

/** A tenant and a subscription of one’s own, and the script run against them. */
export async function aCloud(more: Partial<Cloud> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'az-'));
  const [pauses, jqArguments] = [join(folder, 'pauses'), join(folder, 'jq-arguments')];
  const cloud = structuredClone({ ...empty, ...more });
  const calls: Call[] = [];
  const server = createServer((socket) => {
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk) => {
      text += String(chunk);
      const [count, ...words] = text.split('\0');
      if (words.length <= Number(count)) return;
      const { code, out, err } = az(words.slice(0, -1), cloud, calls);
      socket.end(`${code}\0${out}\0${err}\0`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  install(folder);

  function register(path: string, args: string[]): Promise<Run> {
    const before = calls.length;
    const env = {
      PATH: path,
      TMPDIR: folder,
      AZ_PORT: String((server.address() as AddressInfo).port),
      PAUSES: pauses,
      JQ_ARGUMENTS: jqArguments,
    };
    return new Promise((resolve) => {
      execFile(which('bash'), [SCRIPT, ...args], { env, timeout: 100_000 }, (error, out, err) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ code, out, err, calls: calls.slice(before) });
      });
    });
  }

  return {
    /** What is there now; a test may change it behind the script’s back. */
    cloud,
    /** The first app registration. */
    application(): Application {
      const [first] = cloud.applications;
      if (!first) throw new Error('there is no app registration');
      return first;
    },
    /** Calls so far that the real command would not have taken. */
    mistakes: () => calls.flatMap(({ mistake }) => mistake ?? []),
    /** Seconds that the script would have slept. */
    pauses: () => (existsSync(pauses) ? readFileSync(pauses, 'utf8').trim().split('\n').map(Number) : []),
    /** What has stood on a command line of jq, where everybody on the machine can read it. */
    jqArguments: () => readFileSync(jqArguments, 'utf8'),
    /** Runs deploy/register.sh to its end; its calls are those of this run. */
    run: (...args: string[]) => register(`${folder}${delimiter}${process.env.PATH ?? ''}`, args),
    /** The same on a machine that has next to nothing, and not this tool. */
    runWithout: (tool: string) => register(bareFolder(folder, tool), []),
    /** What the script left in its temporary folder. */
    leftBehind: () => readdirSync(folder).filter((name) => name.startsWith('tmp.')),
    async remove(): Promise<void> {
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function install(folder: string): void {
  program(
    folder,
    'az',
    `exec 3<>"/dev/tcp/127.0.0.1/$AZ_PORT"
printf '%s\\0' "$#" "$@" >&3
for part in code out err; do IFS= read -r -d '' "$part" <&3; done
printf '%s' "$out"
printf '%s' "$err" >&2
exit "$code"`,
  );
  program(folder, 'jq', `printf '%s\\n' "$*" >>"$JQ_ARGUMENTS"\nexec "${which('jq')}" "$@"`);
  program(folder, 'sleep', `printf '%s\\n' "$1" >>"$PAUSES"`);
}

function bareFolder(folder: string, without: string): string {
  const bare = mkdtempSync(join(folder, 'bare-'));
  symlinkSync(which('dirname'), join(bare, 'dirname'));
  for (const name of ['az', 'jq'].filter((one) => one !== without)) {
    symlinkSync(join(folder, name), join(bare, name));
  }
  return bare;
}

function which(name: string): string {
  return spawnSync('sh', ['-c', `command -v ${name}`])
    .stdout.toString()
    .trim();
}

function program(folder: string, name: string, text: string): void {
  writeFileSync(join(folder, name), `#!${which('bash')}\n${text}\n`, { mode: 0o755 });
}
