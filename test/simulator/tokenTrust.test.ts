import { X509Certificate, createHmac, createPublicKey } from 'node:crypto';
import { idTokenChanges, type IdTokenChange } from '../../simulator/faults.js';
import { startHarness, type Harness } from './harness.js';
import { ada, decode, isSigned, nils, relyingParty } from './signInHarness.js';

let harness: Harness;
let app: ReturnType<typeof relyingParty>;

beforeAll(async () => {
  harness = await startHarness();
  app = relyingParty(harness);
});
afterAll(() => harness.simulator.close());
beforeEach(() => harness.control('POST', '/reset'));

const claimsOf = async (oid: string, from = app) => decode((await from.tokens(oid)).id_token).claims;

describe('a bad token', () => {
  const claimsThatDiffer: Record<IdTokenChange, string[]> = {
    wrongIssuer: ['iss'],
    wrongAudience: ['aud'],
    wrongTenant: ['tid'],
    templateTenant: ['iss', 'tid'],
    missingTenant: ['tid'],
    personalAccount: ['iss', 'tid'],
    wrongNonce: ['nonce'],
    noNonce: ['nonce'],
    expired: ['exp', 'iat', 'nbf'],
    notYetValid: ['exp', 'iat', 'nbf'],
    algNone: [],
    hs256WithPublicKey: [],
    badSignature: [],
    unknownKid: [],
    missingKid: [],
    missingSub: ['sub'],
    missingOid: ['oid'],
    missingIat: ['iat'],
  };
  const differ = (one: unknown, other: unknown) =>
    typeof one === 'number' && typeof other === 'number' ? Math.abs(one - other) > 60 : one !== other;

  it.each(idTokenChanges)('%s is bad in this one way, once', async (change) => {
    const good = await claimsOf(nils);
    await harness.fault({ on: 'signIn', fault: { kind: 'idToken', change } });
    const { id_token } = await app.tokens(nils);
    const { claims } = decode(id_token);
    const names = Object.keys(good).filter((name) => name !== 'uti' && differ(good[name], claims[name]));
    expect(names.sort()).toEqual(claimsThatDiffer[change]);
    expect(isSigned(id_token, await app.keys())).toBe(names.length > 0);
    expect(await claimsOf(nils)).toMatchObject({ oid: nils, nonce: 'the nonce' });
  });

  it('says what its name says', async () => {
    const badToken = async (change: IdTokenChange) => {
      await harness.fault({ on: 'signIn', fault: { kind: 'idToken', change } });
      return decode((await app.tokens(nils)).id_token);
    };
    const now = Date.now() / 1000;
    expect((await badToken('expired')).claims.exp).toBeLessThan(now - 3000);
    expect((await badToken('notYetValid')).claims.nbf).toBeGreaterThan(now + 3000);
    expect((await badToken('noNonce')).claims).not.toHaveProperty('nonce');
    expect((await badToken('missingSub')).claims).not.toHaveProperty('sub');
    expect((await badToken('missingOid')).claims).not.toHaveProperty('oid');
    const { iss, tid } = (await badToken('wrongTenant')).claims;
    expect(iss).toContain(harness.simulator.tenantId);
    expect(tid).not.toBe(harness.simulator.tenantId);
    const [key] = await app.keys();
    expect((await badToken('algNone')).header).toMatchObject({ alg: 'none', kid: key?.kid });
    expect((await badToken('badSignature')).header).toMatchObject({ alg: 'RS256', kid: key?.kid });
    expect((await badToken('unknownKid')).header.kid).not.toBe(key?.kid);
    expect((await badToken('missingKid')).header).toEqual({ typ: 'JWT', alg: 'RS256' });
  });

  it('hs256WithPublicKey is what a careless check of the public key believes', async () => {
    await harness.fault({ on: 'signIn', fault: { kind: 'idToken', change: 'hs256WithPublicKey' } });
    const { id_token } = await app.tokens(ada);
    const [key] = await app.keys();
    if (!key) throw new Error('no key');
    const pem = createPublicKey({ key, format: 'jwk' }).export({ type: 'pkcs1', format: 'pem' });
    const [header = '', payload = '', signature] = id_token.split('.');
    expect(createHmac('sha256', pem).update(`${header}.${payload}`).digest('base64url')).toBe(signature);
  });

  it('of an unknown kind cannot be ordered', async () => {
    const order = { on: 'signIn', fault: { kind: 'idToken', change: 'wrongColour' } };
    expect((await harness.control('POST', '/faults', order)).status).toBe(400);
  });
});

describe('metadata and keys', () => {
  const metadataUrl = () =>
    `${harness.simulator.authorityUrl}/${harness.simulator.tenantId}/v2.0/.well-known/openid-configuration`;

  it('name the endpoints, and the certificate of the key', async () => {
    const { authorization_endpoint, end_session_endpoint, issuer } = await app.metadata();
    for (const page of [authorization_endpoint, end_session_endpoint]) {
      expect(page).toContain(`${harness.simulator.peopleUrl}/${harness.simulator.tenantId}/oauth2/v2.0/`);
    }
    const [key] = await app.keys();
    if (!key) throw new Error('no key');
    const certificate = new X509Certificate(Buffer.from(key.x5c[0] ?? '', 'base64'));
    expect(certificate.publicKey.export({ format: 'jwk' })).toMatchObject({ n: key.n, e: key.e });
    const thumbprint = Buffer.from(certificate.fingerprint.replaceAll(':', ''), 'hex').toString('base64url');
    expect(key).toMatchObject({ kid: thumbprint, x5t: thumbprint, use: 'sig', issuer });
  });

  it('name HTTPS pages when a client takes no others; they lead on to the people’s', async () => {
    await harness.settings({ httpsSignIn: true });
    const url = await app.authorizeUrl();
    expect(url.startsWith(harness.simulator.authorityUrl)).toBe(true);
    const page = await fetch(url);
    expect(page.url.startsWith(harness.simulator.peopleUrl)).toBe(true);
    expect(await page.text()).toContain('Ada Admin');
    expect((await app.signIn(ada)).get('code')).toBeTruthy();
  });

  it.each(['/openid-configuration$', '/keys$'])('%s suffer the faults that are ordered', async (path) => {
    const { jwks_uri } = await app.metadata();
    const url = path.includes('keys') ? jwks_uri : metadataUrl();
    const order = (fault: object) => harness.fault({ on: 'token', path, fault });
    await order({ kind: 'status', status: 503 });
    expect((await fetch(url)).status).toBe(503);
    await order({ kind: 'html', status: 200 });
    await expect((await fetch(url)).json()).rejects.toThrow();
    await order({ kind: 'truncate' });
    await expect((await fetch(url)).json()).rejects.toThrow();
    await order({ kind: 'reset', when: 'before' });
    await expect(fetch(url)).rejects.toThrow();
    await order({ kind: 'hang', when: 'before', ms: 5000 });
    await expect(fetch(url, { signal: AbortSignal.timeout(100) })).rejects.toThrow();
    expect((await fetch(url)).status).toBe(200);
  });

  it('leave other endpoints alone when keys fail', async () => {
    await harness.fault({ on: 'token', path: '/keys$', times: 0, fault: { kind: 'status', status: 503 } });
    expect((await app.metadata()).issuer).toBeTruthy();
    expect((await app.tokens(ada)).id_token).toBeTruthy();
  });
});

describe('rotation', () => {
  const rotate = async (body?: object) => {
    const { kid } = (await (await harness.control('POST', '/keys/rotate', body)).json()) as { kid: string };
    return kid;
  };
  const kids = async () => (await app.keys()).map(({ kid }) => kid);

  it('replaces the key at once', async () => {
    const old = await app.tokens(ada);
    const kid = await rotate();
    expect(await kids()).toEqual([kid]);
    expect(isSigned(old.id_token, await app.keys())).toBe(false);
    const { id_token } = await app.tokens(ada);
    expect(decode(id_token).header.kid).toBe(kid);
    expect(isSigned(id_token, await app.keys())).toBe(true);
  });

  it('may keep the old key', async () => {
    const [before] = await kids();
    const old = await app.tokens(ada);
    const kid = await rotate({ keepOld: true });
    expect(await kids()).toEqual([kid, before]);
    expect(isSigned(old.id_token, await app.keys())).toBe(true);
    expect(decode((await app.tokens(ada)).id_token).header.kid).toBe(kid);
  });

  it('does not disturb Graph', async () => {
    await harness.graph.api('/groups').get();
    await rotate();
    await harness.graph.api('/groups').get();
  });
});
