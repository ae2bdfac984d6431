import { sql } from 'kysely';
import { idTokenChanges, type IdTokenChange } from '../../simulator/faults.js';
import { textOf } from '../support/page.js';
import type { TestPortal } from '../support/portal.js';
import { newcomer, SIGN_IN_FLOWS, startSignInPortal } from '../support/signInFlows.js';
import type { Visitor } from '../support/visitor.js';

// Whatever Entra, or somebody who pretends to be Entra, answers: nobody gets in, nothing is proved, and the process goes on.
// Cases that the OpenID Foundation's tests of relying parties know too bear those names (oidcc-client-test-…).

const JSON_TYPE = { contentType: 'application/json' };
const json = (body: unknown) => ({ kind: 'status', status: 200, body, ...JSON_TYPE });

describe.each(SIGN_IN_FLOWS)('%s', (_name, flow) => {
  let portal: TestPortal;

  beforeAll(async () => {
    portal = await startSignInPortal();
  });
  afterAll(() => portal.close());
  afterEach(() => portal.tenant.clearFaults());

  const sessions = async () =>
    (await sql<{ n: number }>`select count(*)::int as n from session`.execute(portal.deps.store.db)).rows[0]
      ?.n;
  const lastRefusal = () =>
    portal.deps.store.db
      .selectFrom('audit_event')
      .select(['actor', 'action', 'detail'])
      .where('action', 'in', ['signIn.refused', 'proof.failed'])
      .orderBy('id', 'desc')
      .executeTakeFirst();

  /** Comes back with `path`, and expects to be refused for `reason`, with nothing left behind. */
  async function expectRefusal(visitor: Visitor, path: string, reason: string): Promise<void> {
    const answer = await visitor.get(path);
    // Partners' people, who know nobody to ask here, are told when it is Microsoft that does not answer.
    const silent = flow.everyTenant && reason === 'unreachable';
    const [status, title] = silent ? [503, "Microsoft isn't answering"] : [401, "We couldn't sign you in"];
    expect([answer.status, textOf(answer.text).includes(title)]).toEqual([status, true]);
    expect(answer.headers['retry-after']).toBe(silent ? '30' : undefined);
    expect(await sessions()).toBe(0);
    await flow.expectNothing(portal, visitor);
    expect(await lastRefusal()).toEqual(flow.refusal(reason));
    const lines = portal.logged().filter(({ msg }) => msg === 'sign-in refused');
    expect(lines.at(-1)).toMatchObject({ level: 'warn', reason });
    const secrets = [...new URL(path, portal.url).searchParams.values()].filter((text) => text.length > 20);
    for (const text of [...secrets, 'eyJ']) expect(JSON.stringify(portal.logged())).not.toContain(text);
  }

  async function expectGoodSignIn(): Promise<void> {
    const visitor = newcomer(portal);
    const back = await visitor.get(await flow.answer(portal, visitor));
    expect([back.status, back.text.includes('You could not')]).toEqual([303, false]);
    await flow.expectGood(portal, visitor);
  }

  describe('an id_token', () => {
    // Where our own tenant alone signs in, there is one issuer; at organizations it follows from the token's tenant.
    const tokenOr = (own: string) => (flow.everyTenant ? 'token' : own);
    const cases: Record<IdTokenChange, [reason: string, oidcc: string]> = {
      wrongIssuer: ['issuer', 'invalid-iss'],
      wrongTenant: [flow.everyTenant ? 'issuer' : 'tenant', ''],
      templateTenant: [tokenOr('issuer'), ''],
      missingTenant: ['token', ''],
      personalAccount: ['issuer', ''],
      wrongAudience: ['audience', 'invalid-aud'],
      wrongNonce: ['nonce', 'nonce-invalid'],
      noNonce: ['nonce', ''],
      expired: ['expired', ''],
      notYetValid: ['expired', ''],
      algNone: ['signature', 'idtoken-sig-none'],
      hs256WithPublicKey: ['signature', ''],
      badSignature: ['signature', 'invalid-sig-rs256'],
      unknownKid: ['signature', ''],
      missingKid: ['token', 'kid-absent-multiple-jwks'],
      missingSub: ['token', 'missing-sub'],
      missingOid: ['token', ''],
      missingIat: ['token', 'missing-iat'],
    };
    const named = idTokenChanges
      // Issuer and tenant of a personal account agree: at organizations that is refused for what it is, elsewhere.
      .filter((change) => change !== 'personalAccount' || !flow.everyTenant)
      .map((change): [string, IdTokenChange, string] => {
        const [reason, oidcc] = cases[change];
        return [oidcc === '' ? change : `${change} (oidcc-client-test-${oidcc})`, change, reason];
      });

    test.each(named)(
      '9.1.1-9.2.4 that is bad: %s, lets nobody in, and the next sign-in is good',
      async (_, change, reason) => {
        await portal.tenant.fault({ on: 'signIn', fault: { kind: 'idToken', change } });
        const visitor = newcomer(portal);
        await expectRefusal(visitor, await flow.answer(portal, visitor), reason);
        await expectGoodSignIn();
      },
    );
  });

  describe('keys', () => {
    const rotateKeys = (keepOld: boolean) =>
      fetch(`${portal.tenant.peopleUrl}/control/keys/rotate`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ keepOld }),
      });

    test.each([
      ['answer 503', { kind: 'status', status: 503 }, 'unreachable'],
      ['answer 503 with HTML', { kind: 'html', status: 503 }, 'unreachable'],
      ['are HTML', { kind: 'html', status: 200 }, 'unreadable'],
      ['are cut off', { kind: 'truncate' }, 'unreadable'],
      ['are a redirect', { kind: 'status', status: 302, headers: { location: '/' } }, 'unreachable'],
      ['are null', json('null'), 'unreadable'],
      ['are a number', json({ keys: 5 }), 'unreadable'],
      ['are no keys', json({ keys: [null, 1, 'x', {}, { kid: 'x', kty: 'RSA' }] }), 'signature'],
      ['are a megabyte', json({ keys: [], more: 'x'.repeat(1_000_000) }), 'unreadable'],
      ['break off', { kind: 'reset', when: 'before' }, 'unreachable'],
      ['do not come', { kind: 'hang', when: 'before', ms: 8_000 }, 'unreachable'],
    ])(
      'that %s let nobody in, and are asked for again',
      async (_what, fault, reason) => {
        await rotateKeys(false);
        await portal.tenant.fault({ on: 'token', path: '/keys$', fault });
        const visitor = newcomer(portal);
        await expectRefusal(visitor, await flow.answer(portal, visitor), reason);
        await expectGoodSignIn();
      },
      20_000,
    );

    test.each([true, false])(
      'that change (oidcc-client-test-signing-key-rotation) are fetched anew; the old ones kept: %s',
      async (keepOld) => {
        await expectGoodSignIn();
        await rotateKeys(keepOld);
        await expectGoodSignIn();
      },
    );

    if (flow.everyTenant) {
      /** The keys as they are, but with another issuer. */
      const keysOf = async (issuer?: string) => {
        await rotateKeys(false);
        const answer = await fetch(`${portal.tenant.authorityUrl}/organizations/discovery/v2.0/keys`);
        const { keys } = (await answer.json()) as { keys: { issuer: string }[] };
        expect(keys[0]?.issuer).toContain('{tenantid}');
        const body = { keys: keys.map((key) => ({ ...key, issuer })) };
        await portal.tenant.fault({ on: 'token', path: '/keys$', fault: json(body) });
      };

      test('that are said to sign for one tenant alone are not believed about others', async () => {
        await keysOf(`${portal.tenant.authorityUrl}/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0`);
        const visitor = newcomer(portal);
        await expectRefusal(visitor, await flow.answer(portal, visitor), 'issuer');
        await rotateKeys(false);
        await expectGoodSignIn();
      });

      test.each(['wrongIssuer', 'wrongTenant'])(
        'that name no issuer leave it to the token, which is bad: %s',
        async (change) => {
          await keysOf();
          await portal.tenant.fault({ on: 'signIn', fault: { kind: 'idToken', change } });
          const visitor = newcomer(portal);
          await expectRefusal(visitor, await flow.answer(portal, visitor), 'issuer');
          await expectGoodSignIn();
        },
      );
    }
  });

  describe('the token endpoint', () => {
    const tokens = { token_type: 'Bearer', access_token: 'a', id_token: 'a.b.c' };

    test.each([
      ['answers 500', { kind: 'status', status: 500 }, 'unreachable'],
      ['answers with HTML', { kind: 'html', status: 200 }, 'unreadable'],
      ['answers null', json('null'), 'unreadable'],
      ['brings no id_token', json({ ...tokens, id_token: undefined }), 'unreadable'],
      ['brings a number', json({ ...tokens, id_token: 5 }), 'unreadable'],
      ['brings a token of another type', json({ ...tokens, token_type: 7 }), 'unreadable'],
      ['brings what is no token', json(tokens), 'token'],
      ['brings an encrypted token', json({ ...tokens, id_token: 'a.b.c.d.e' }), 'token'],
      ['breaks off', { kind: 'reset', when: 'after' }, 'unreachable'],
      ['refuses us', { kind: 'status', status: 401, body: { error: 'invalid_client' } }, 'clientRefused'],
      ['refuses the code', { kind: 'status', status: 400, body: { error: 'invalid_grant' } }, 'grantRefused'],
    ])('that %s lets nobody in', async (_what, fault, reason) => {
      const visitor = newcomer(portal);
      const path = await flow.answer(portal, visitor);
      await portal.tenant.fault({ on: 'token', fault });
      await expectRefusal(visitor, path, reason);
      await expectGoodSignIn();
    });
  });

  describe('the metadata', () => {
    let fresh: TestPortal;

    // What is good once is kept: this portal sees nothing that is until the last test.
    beforeAll(async () => {
      fresh = await startSignInPortal();
    });
    afterAll(() => fresh.close());

    const withFault = async (fault: object) => {
      const visitor = newcomer(fresh);
      const page = await flow.begin(visitor);
      await fresh.tenant.fault({ on: 'token', path: 'openid-configuration', fault });
      const { status, headers } = await visitor.get(page);
      const left: unknown = await (await fetch(`${fresh.tenant.peopleUrl}/control/faults`)).json();
      return { status, location: headers.location, left };
    };
    // No fault is left: the metadata was asked for, and what the test before it got was not kept.
    const refused = { status: 503, location: undefined, left: [] };

    test.each([
      ['answers 503', { kind: 'status', status: 503 }],
      ['is HTML', { kind: 'html', status: 200 }],
      ['is cut off', { kind: 'truncate' }],
      ['names nothing', { kind: 'status', status: 200, body: {} }],
      ['does not come', { kind: 'hang', when: 'before', ms: 8_000 }],
    ])(
      'that %s is answered with 503',
      async (_what, fault) => {
        expect(await withFault(fault)).toEqual(refused);
      },
      20_000,
    );

    test('of another issuer (oidcc-client-test-discovery-issuer-mismatch) is not believed', async () => {
      const { authorityUrl, tenantId } = fresh.tenant;
      const name = flow.everyTenant ? 'organizations' : tenantId;
      const address = `${authorityUrl}/${name}/v2.0/.well-known/openid-configuration`;
      const good = (await (await fetch(address)).json()) as { issuer: string };
      const own = flow.everyTenant ? '{tenantid}' : tenantId;
      expect(good.issuer).toContain(own);
      const body = { ...good, issuer: good.issuer.replace(own, '117a0000-0000-4000-8000-000000000002') };
      expect(await withFault({ kind: 'status', status: 200, body })).toEqual(refused);
    });

    test('is asked for again after all that, and a good one lets people in', async () => {
      const visitor = newcomer(fresh);
      expect((await visitor.get(await flow.answer(fresh, visitor))).status).toBe(303);
      await flow.expectGood(fresh, visitor);
    });
  });
});
