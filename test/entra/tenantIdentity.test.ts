import { EntraFault } from '../../src/entra/entraFault.js';
import { tenantIdentityOf } from '../../src/entra/tenantIdentity.js';

const TID = '9205e000-0000-4000-8000-000000000004';
const CLAIMS = {
  iss: `https://login.microsoftonline.com/${TID}/v2.0`,
  tid: TID,
  oid: '66666666-0000-4000-8000-000000000006',
  preferred_username: 'pia@proseware.com',
  name: 'Pia Holm',
};

describe('the addresses that count', () => {
  const other = 'other@proseware.com';
  const both = [other, 'pia@proseware.com'];
  const own = ['pia@proseware.com'];
  test.each<[what: string, claims: object, addresses: string[]]>([
    ['the sign-in name', {}, own],
    ['the sign-in name, however it is written', { preferred_username: 'PIA@Proseware.com' }, own],
    ['a mail with a true xms_edov, before the name', { email: other, xms_edov: true }, both],
    ['a mail with xms_edov "1"', { email: other, xms_edov: '1' }, both],
    ['a mail with xms_edov 1', { email: other, xms_edov: 1 }, both],
    ['no mail without xms_edov', { email: other }, own],
    ['no mail with a false xms_edov', { email: other, xms_edov: false }, own],
    ['no mail with xms_edov "0"', { email: other, xms_edov: '0' }, own],
    ['no mail with xms_edov "false"', { email: other, xms_edov: 'false' }, own],
    ['no mail with an xms_edov of another kind', { email: other, xms_edov: [true] }, own],
    ['no list of mails', { email: [other], xms_edov: true }, own],
    ['each once', { email: 'Pia@proseware.com', xms_edov: true }, own],
    ['no look-alike', { preferred_username: 'pia@ｐroseware.com' }, []],
    ['no name that is no address', { preferred_username: 'pia' }, []],
    ['none', { preferred_username: undefined }, []],
  ])('%s', (_what, claims, addresses) => {
    expect(tenantIdentityOf({ ...CLAIMS, ...claims }).addresses).toEqual(addresses);
  });
});

describe('a guest', () => {
  test.each<[what: string, claims: object, guest: boolean]>([
    ['is not whom nothing says so of', {}, false],
    ['is not whom acct calls a member', { acct: 0 }, false],
    ['is whom acct calls a guest', { acct: 1 }, true],
    ['is whom acct calls a guest in letters', { acct: '1' }, true],
    ['is whom acct calls anything but a member', { acct: true }, true],
    ['is whom somebody signed in whose name holds the tenant', { idp: `https://evil.example/${TID}/` }, true],
    ['is whom somebody signed in who is no text', { idp: ['https://sts.windows.net/'] }, true],
    [
      'is whom another tenant has signed in',
      { idp: `https://sts.windows.net/${TID.replace('9', '8')}/` },
      true,
    ],
    ['is whom a personal account has signed in', { idp: 'live.com' }, true],
    ['is not whom the tenant itself has signed in', { idp: `https://sts.windows.net/${TID}/` }, false],
    [
      'is whose name says so',
      { preferred_username: 'ana_fabrikam.com#EXT#@proseware.onmicrosoft.com' },
      true,
    ],
  ])('%s', (_what, claims, guest) => {
    expect(tenantIdentityOf({ ...CLAIMS, ...claims }).guest).toBe(guest);
  });
});

describe('the name', () => {
  test.each<[claims: object, firstName: string, lastName: string]>([
    [{ given_name: 'Pia', family_name: 'af Holm' }, 'Pia', 'af Holm'],
    [{ given_name: 'Pia' }, 'Pia', ''],
    [{ name: 'Pia Holm' }, 'Pia', 'Holm'],
    [{ name: 'Pia Maria Holm' }, 'Pia Maria', 'Holm'],
    [{ name: 'Holm, Pia Maria' }, 'Pia Maria', 'Holm'],
    [{ name: 'Pia' }, 'Pia', ''],
    [{ name: ' \r\n' }, '', ''],
    [{ name: undefined }, '', ''],
    [{ name: 5 }, '', ''],
    [{ given_name: `P\u0000ia\r\n${'x'.repeat(200)}`, family_name: '' }, `Pia${'x'.repeat(61)}`, ''],
  ])('of %j', (claims, firstName, lastName) => {
    expect(tenantIdentityOf({ ...CLAIMS, ...claims })).toMatchObject({ firstName, lastName });
  });
});

test.each(['tid', 'oid', 'iss'])('claims without %s name nobody', (name) => {
  expect(() => tenantIdentityOf({ ...CLAIMS, [name]: undefined })).toThrow(EntraFault);
});
