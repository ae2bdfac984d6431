import { parseReference, referenceOf } from '../src/reference.js';
import { drawToken, hashToken } from '../src/token.js';
import { textOf } from './support/page.js';
import { startPortal } from './support/portal.js';

test('a reference stands for the first 40 bits of a hash, however it is typed', () => {
  expect(referenceOf(Buffer.alloc(32, 0xff))).toBe('ZZZZ-ZZZZ');
  expect(referenceOf(Buffer.alloc(32))).toBe('0000-0000');
  for (let count = 0; count < 50; count++) {
    const hash = hashToken(drawToken());
    const reference = referenceOf(hash);
    expect(reference).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/);
    for (const typed of [reference, reference.toLowerCase(), ` ${reference.replace('-', ' ')} `]) {
      expect(parseReference(typed)).toEqual(hash.subarray(0, 5));
    }
  }
  expect(parseReference('OIL0-0000')).toEqual(parseReference('0110-0000'));
});

test.each(['', 'K7Q4', 'K7Q4-FD2MX', 'K7Q4-FD2U', 'K7Q4_FD2M', 'ａbcd-efgh'])('%j is none', (typed) => {
  expect(parseReference(typed)).toBeNull();
});

test('staff find a request by the reference of its status page', async () => {
  const portal = await startPortal({ worker: false });
  const visitor = portal.visitor();
  const page = await visitor.get(await visitor.apply({ email: 'ana@fabrikam.com' }));
  await portal.visitor().apply({ email: 'bo@fabrikam.com' });
  const reference = /[0-9A-Z]{4}-[0-9A-Z]{4}/.exec(textOf(page.text))?.[0] ?? '';
  const found = await (await portal.staff('ada')).get(`/admin/requests?search=${reference.toLowerCase()}`);
  expect(textOf(found.text)).toContain('ana@fabrikam.com');
  expect(textOf(found.text)).not.toContain('bo@fabrikam.com');
  const none = await (await portal.staff('ada')).get('/admin/requests?search=0000-0000');
  expect(textOf(none.text)).not.toContain('ana@fabrikam.com');
  await portal.close();
});
