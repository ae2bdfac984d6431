import { SERVED_BY } from '../support/balancer.js';
import { aPartner, aPolicy } from '../support/aPolicy.js';
import { signIn, STAFF } from '../support/staff.js';
import { FORM, type Visitor } from '../support/visitor.js';
import { waitFor } from '../support/waitFor.js';
import { openCluster, type Cluster } from './cluster.js';

// The session secret is changed while people are at work, on one instance after the other. As long as an instance signs with a secret
// that another does not know, every other click fails: so the new one is made known everywhere before anybody signs with it.

const OLD = 'the-session-secret-of-last-year-0123456789';
const NEW = 'the-session-secret-of-this-year-0123456789';

// The embedded store belongs to one process.
(process.env.DATABASE_URL ? describe : describe.skip)('a new session secret, on a rolling restart', () => {
  let cluster: Cluster;
  let ada: Visitor;
  /** Whoever has the form open all the time, with the fields that it would send. */
  let reader: Visitor;
  let openForm: Record<string, string>;
  /** Whose request stood at the beginning. */
  let page: string;
  const proofs = new Map<string, { visitor: Visitor; path: string; code: string; link: string }>();
  let number = 0;

  beforeAll(async () => {
    const proving = aPartner({ id: 'wingtip', domains: ['wingtiptoys.com'], proof: 'mailbox' });
    cluster = await openCluster(2, {
      policy: aPolicy({ partners: [aPartner(), proving] }),
      env: { SESSION_SECRET: OLD },
    });
    ada = cluster.newcomer();
    await signIn(ada, cluster.site.tenant, STAFF.ada);
    reader = cluster.newcomer();
    openForm = { ...FORM, email: 'reader@fabrikam.com', _csrf: await reader.csrf() };
    page = await cluster.newcomer().apply({ email: 'first@fabrikam.com' });
    for (const name of ['code', 'link']) await askForProof(name);
  }, 120_000);
  afterAll(() => cluster.close());

  async function askForProof(name: string): Promise<void> {
    const visitor = cluster.newcomer();
    const email = `${name}@wingtiptoys.com`;
    const path = await visitor.apply({ email });
    const text = await waitFor('the mail', async () => (await cluster.site.tenant.mailsTo(email))[0]?.text);
    const code = /^\s+(\d{6})$/m.exec(text)?.[1] ?? '';
    const link = /\/verify\/link\/\S+/.exec(text)?.[0] ?? '';
    proofs.set(name, { visitor, path, code, link });
  }

  async function restart(index: number, SESSION_SECRET: string): Promise<void> {
    await cluster.end(index, 'SIGTERM');
    await cluster.start(index, { SESSION_SECRET });
  }

  /** Sees to it that the balancer gives the next request to this instance. */
  async function turnTo(index: number): Promise<void> {
    const other = cluster.targets[1 - index];
    await waitFor('its turn', async () => {
      const { headers } = await cluster.newcomer().get('/healthz');
      return headers[SERVED_BY] === other;
    });
  }

  /** Everything that one instance signs and another has to believe, in both directions. */
  async function believeEachOther(): Promise<void> {
    for (const from of [0, 1]) {
      const visitor = cluster.newcomer();
      await turnTo(from);
      const _csrf = await visitor.csrf();
      await turnTo(1 - from);
      const answer = await visitor.postRaw('/sign-up', {
        ...FORM,
        email: `crossing${++number}@fabrikam.com`,
        _csrf,
      });
      expect(answer.headers[SERVED_BY]).toBe(cluster.targets[1 - from]);
      expect(answer.status).toBe(303);

      const staff = cluster.newcomer();
      await turnTo(from);
      await signIn(staff, cluster.site.tenant, STAFF.ada);
      for (const index of [0, 1]) {
        await turnTo(index);
        expect((await staff.get('/admin')).status).toBe(200);
      }
    }
  }

  async function goesOn(): Promise<void> {
    for (const index of [0, 1]) {
      await turnTo(index);
      expect((await ada.get('/admin')).status).toBe(200);
      await turnTo(index);
      expect((await cluster.newcomer().get(page)).status).toBe(200);
    }
  }

  test('first it is known, and nobody signs with it', async () => {
    await restart(0, `${OLD},${NEW}`);
    await believeEachOther();
    await restart(1, `${OLD},${NEW}`);
    await goesOn();
  }, 120_000);

  test('then one signs with it, and the other with the old one', async () => {
    await restart(0, `${NEW},${OLD}`);
    await believeEachOther();
    await goesOn();
  }, 120_000);

  test('when all sign with it, what was there before goes on: sessions, forms, pages, codes and links', async () => {
    await restart(1, `${NEW},${OLD}`);
    await goesOn();
    expect((await reader.postRaw('/sign-up', openForm)).status).toBe(303);
    const code = proofs.get('code');
    const link = proofs.get('link');
    if (!code || !link) throw new Error('Nobody was asked for proof');
    await code.visitor.post(
      code.path.replace('/requests/', '/verify/code/'),
      { code: code.code },
      { from: '/' },
    );
    await link.visitor.post(link.link, {}, { from: link.link });
    for (const { visitor, path } of [code, link]) {
      await waitFor('the guest', async () => (await visitor.status(path)).status === 'provisioned');
    }
    expect(cluster.balancer.lost).toEqual([]);
  }, 120_000);

  test('without the old one its sessions are over and forms have to be sent again; status pages stay', async () => {
    const lateReader = cluster.newcomer();
    const fields = { ...FORM, email: 'late@fabrikam.com' };
    await restart(0, NEW);
    await believeEachOther();
    await restart(1, NEW);
    expect((await ada.get('/admin')).status).toBe(303);
    expect((await reader.postRaw('/sign-up', { ...openForm, email: 'again@fabrikam.com' })).status).toBe(403);
    expect((await lateReader.post('/sign-up', fields)).status).toBe(303);
    expect((await cluster.newcomer().get(page)).status).toBe(200);
  }, 120_000);
});
