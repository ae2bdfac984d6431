import { request as httpRequest } from 'node:http';
import { routesOf } from '../support/routes.js';
import { createApp } from '../../src/app.js';
import { aPolicy, aPartner } from '../support/aPolicy.js';
import { signUpUntil } from '../support/journey.js';
import { textOf } from '../support/page.js';
import { startPortal, type TestPortal } from '../support/portal.js';
import { waitFor } from '../support/waitFor.js';

const TOKEN = 'a-token-for-whoever-reads-figures';
let portal: TestPortal;

beforeAll(async () => {
  portal = await startPortal({
    policy: aPolicy({
      partners: [aPartner(), aPartner({ id: 'litware', domains: ['litware.com'], approval: 'manual' })],
    }),
    limits: { backoffSeconds: 0.1 },
    env: { METRICS_TOKEN: TOKEN },
  });
});
afterAll(() => portal.close());
afterEach(() => portal.tenant.clearFaults());

const scrape = (token = TOKEN) => portal.visitor().get('/metrics', { Authorization: `Bearer ${token}` });

type Series = { name: string; labels: Record<string, string>; value: number };

async function figures(): Promise<Series[]> {
  const { text } = await scrape().expect(200);
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name = '', labels = '', value = ''] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = '', text = '']) => [
        key,
        text,
      ]);
      return { name, labels: Object.fromEntries(pairs) as Record<string, string>, value: Number(value) };
    });
}

/** The sum of a figure over all series that have these labels; undefined when there is none. */
async function figure(name: string, labels: Record<string, string> = {}): Promise<number | undefined> {
  const found = (await figures()).filter(
    (one) => one.name === name && Object.entries(labels).every(([key, value]) => one.labels[key] === value),
  );
  return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0);
}

describe('who may read it', () => {
  test('nobody without the token: 401, and how to ask', async () => {
    for (const Authorization of [
      undefined,
      'Bearer',
      'Bearer wrong',
      `Bearer ${TOKEN}x`,
      `Basic ${TOKEN}`,
      TOKEN,
    ]) {
      const { status, headers, text } = await portal
        .visitor()
        .get('/metrics', Authorization ? { Authorization } : {});
      expect([Authorization, status]).toEqual([Authorization, 401]);
      expect(headers['www-authenticate']).toBe('Bearer realm="metrics"');
      expect(headers['cache-control']).toBe('no-store');
      expect(text).not.toContain('portal_');
    }
  });

  test('with it, text for Prometheus that nobody keeps, and no cookie', async () => {
    const { headers, text } = await scrape().expect(200);
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(headers['cache-control']).toBe('no-store');
    expect(headers).not.toHaveProperty('set-cookie');
    expect(text).toMatch(
      /^# HELP portal_store_up .+\n# TYPE portal_store_up gauge\nportal_store_up\{.*\} 1$/m,
    );
  });

  test('where no token is set, the page is as any other that there is not', async () => {
    const closed = await startPortal({ worker: false });
    try {
      const read = async (path: string, headers = {}) => {
        const { status, headers: sent, text } = await closed.visitor().get(path, headers);
        return { status, type: sent['content-type'], names: Object.keys(sent).sort(), text: textOf(text) };
      };
      const unknown = await read('/no-such-page');
      expect(unknown.status).toBe(404);
      expect(await read('/metrics')).toEqual(unknown);
      expect(await read('/metrics', { Authorization: 'Bearer ' })).toEqual(unknown);
      expect(await read('/metrics', { Authorization: 'Bearer null' })).toEqual(unknown);
    } finally {
      await closed.close();
    }
  });
});

describe('what it says', () => {
  test('a sign-up that goes through: its outcome, its end, its time, the calls and the mail', async () => {
    const began = performance.now();
    await signUpUntil(portal, 'provisioned', 'ana@fabrikam.com');
    const seconds = (performance.now() - began) / 1000;
    const again = await portal.visitor().signUp({ email: 'ana@fabrikam.com' });
    expect(again.status).toBe(303);
    expect(await figure('portal_sign_ups_total', { outcome: 'queued' })).toBe(1);
    expect(await figure('portal_sign_ups_total', { outcome: 'repeated' })).toBe(1);
    expect(await figure('portal_requests_ended_total', { state: 'provisioned' })).toBe(1);
    expect(await figure('portal_provisioning_duration_seconds_count', { waited: 'no' })).toBe(1);
    expect(await figure('portal_provisioning_duration_seconds_sum')).toBeLessThan(seconds);
    expect(
      await figure('portal_graph_call_duration_seconds_count', {
        operation: 'POST /invitations',
        outcome: 'ok',
      }),
    ).toBe(1);
    expect(await figure('portal_mails_total', { outcome: 'sent' })).toBe(1);
    expect(
      await figure('portal_http_request_duration_seconds_count', {
        method: 'POST',
        route: '/sign-up',
        status: '3xx',
      }),
    ).toBe(2);
    expect(await figure('portal_process_memory_bytes')).toBeGreaterThan(10_000_000);
  });

  test('a refusal, and one that somebody has to approve', async () => {
    await portal.visitor().apply({ email: 'eve@competitor.com' });
    expect(await figure('portal_sign_ups_total', { outcome: 'denied' })).toBe(1);
    expect(await figure('portal_requests_ended_total', { state: 'denied' })).toBe(1);
    await portal.visitor().apply({ email: 'dee@litware.com' });
    expect(await figure('portal_sign_ups_total', { outcome: 'pending' })).toBe(1);
  });

  test('throttling: how often, and for how long Graph asked to be left alone', async () => {
    const fault = { kind: 'status', status: 429, headers: { 'Retry-After': '1' } };
    await portal.tenant.fault({ on: 'graph', method: 'POST', path: '^/invitations', fault });
    await signUpUntil(portal, 'provisioned', 'tim@fabrikam.com');
    expect(await figure('portal_graph_throttled_total')).toBe(1);
    expect(await figure('portal_graph_pause_asked_seconds_total')).toBe(1);
    expect(await figure('portal_graph_call_duration_seconds_count', { outcome: 'throttled' })).toBe(1);
  });

  test('a request that somebody has to look at: a figure, and one line that calls for it', async () => {
    const fault = {
      kind: 'status',
      status: 400,
      body: { error: { code: 'BadRequest', message: 'No such thing' } },
    };
    await portal.tenant.fault({ on: 'graph', method: 'POST', path: '^/groups/.*/members', times: 0, fault });
    await signUpUntil(portal, 'failed', 'fay@fabrikam.com');
    await waitFor('the figure', async () => (await figure('portal_requests_failing')) === 1);
    expect(await figure('portal_requests_ended_total', { state: 'failed' })).toBe(1);
    const { id } = await portal.deps.store.db
      .selectFrom('request')
      .select('id')
      .where('address', '=', 'fay@fabrikam.com')
      .executeTakeFirstOrThrow();
    const calls = portal
      .logged()
      .filter(({ msg }) => msg === 'a request goes no further until somebody looks at it');
    expect(calls).toMatchObject([
      { level: 'error', requestId: id, state: 'failed', problem: 'refusedByMicrosoft' },
    ]);
    expect(JSON.stringify(calls)).not.toContain('fabrikam');
  });
});

/** Asks as no browser would: any method, any path. */
function askRaw(method: string, path: string): Promise<void> {
  const { hostname, port } = new URL(portal.url);
  return new Promise((resolve, reject) => {
    httpRequest({ hostname, port, method, path, headers: { 'Content-Length': '0' } }, (answer) => {
      answer.resume().once('end', resolve);
    })
      .once('error', reject)
      .end();
  });
}

test('labels take values of short lists, whatever is asked for', async () => {
  const routes = routesOf(createApp(portal.deps));
  const admin = await portal.staff('ada');
  const path = await portal.visitor().apply({ email: 'walker@fabrikam.com' });
  for (const { path: pattern } of routes) {
    const concrete = pattern
      .replace(':token', path.split('/').at(-1) ?? '')
      .replace(/:\w+/g, 'walker@fabrikam.com');
    await admin.get(concrete);
  }
  const strange = [
    '/walker@fabrikam.com',
    '/requests/%00',
    '/%ff',
    '/assets/../walker',
    '/a?b="} 1',
    '/\\"{}',
    `/${'x'.repeat(5000)}`,
  ];
  for (const one of strange) {
    for (const method of ['GET', 'POST', 'DELETE', 'PROPFIND', 'M-SEARCH', 'QUERY'])
      await askRaw(method, one).catch(() => undefined);
  }
  await waitFor(
    'the last answer to be counted',
    async () => (await figure('portal_http_request_duration_seconds_count', { method: 'other' })) ?? 0,
  );

  const allowed: Record<string, (value: string) => boolean> = {
    method: (value) => ['GET', 'HEAD', 'POST', 'OPTIONS', 'PUT', 'PATCH', 'DELETE', 'other'].includes(value),
    route: (value) => ['/assets/*', 'none'].includes(value) || routes.some((route) => route.path === value),
    status: (value) => /^([1-5]xx|brokenOff)$/.test(value),
    outcome: (value) =>
      [
        'queued',
        'pending',
        'unproven',
        'denied',
        'repeated',
        'turnedAway',
        'ok',
        'sent',
        'refused',
        'unavailable',
        'unknown',
      ].includes(value) ||
      ['throttled', 'unauthenticated', 'forbidden', 'notFound', 'conflict', 'rejected', 'noAnswer'].includes(
        value,
      ),
    operation: (value) =>
      /^(GET|POST|PATCH|DELETE)( |\/[a-zA-Z]+(\(\{key\}\))?|\/\{id\}|\/\$ref){1,5}$/.test(value),
    state: (value) => ['provisioned', 'denied', 'failed', 'held', 'lapsed', 'pending'].includes(value),
    waited: (value) => ['yes', 'no'].includes(value),
    le: (value) => value === '+Inf' || Number(value) > 0,
    service_instance_id: (value) => /^[\w.-]+:\d+$/.test(value),
  };
  for (const { labels } of await figures()) {
    for (const [label, value] of Object.entries(labels)) {
      expect([label, value, allowed[label]?.(value) ?? false]).toEqual([label, value, true]);
    }
  }
  const { text } = await scrape();
  expect(text).not.toMatch(/@|walker|fabrikam|litware|[0-9a-f]{8}-[0-9a-f]{4}|Bearer|eyJ/);
  expect(text).not.toContain(path.split('/').at(-1));
});

test('a store that is down is a figure, and what only the store knows is not told', async () => {
  await portal.stopWorker();
  await portal.deps.store.close();
  expect(
    await waitFor('the store to be found down', async () => (await figure('portal_store_up')) === 0),
  ).toBe(true);
  expect(await figure('portal_queue_depth')).toBeUndefined();
  expect(await figure('portal_process_uptime_seconds')).toBeGreaterThan(0);
});
