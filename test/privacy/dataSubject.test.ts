import { parseDataSubject } from '../../src/privacy/dataSubject.js';

const OID = '55555555-0000-4000-8000-00000000000a';

test.each([
  ['ana@fabrikam.com', { address: 'ana@fabrikam.com' }],
  ['  Ana@FABRIKAM.com ', { address: 'ana@fabrikam.com' }],
  ['ａｎａ＠ｆａｂｒｉｋａｍ．ｃｏｍ', { address: 'ana@fabrikam.com' }],
  ['bo@münchen.de', { address: 'bo@xn--mnchen-3ya.de' }],
  ['bo@mu\u0308nchen.de', { address: 'bo@xn--mnchen-3ya.de' }],
  ['BO@XN--MNCHEN-3YA.de', { address: 'bo@xn--mnchen-3ya.de' }],
  [OID.toUpperCase(), { oid: OID }],
  [`${OID}/${OID}`, { oid: OID }],
  ['ana+news@fabrikam.com', { fault: 'plus', suggestion: 'ana@fabrikam.com' }],
  ['ана@fabrikam.com', { fault: 'notAscii' }],
  // These only resemble an address, which could belong to another person.
  ['ſam@fabrikam.com', { fault: 'notAscii' }],
  ['ªna@fabrikam.com', { fault: 'notAscii' }],
  ['\u212aim@fabrikam.com', { fault: 'notAscii' }],
  ['ana@fabrikam.com/x', { fault: 'domain' }],
  ['ana@fabrikam.com?x', { fault: 'domain' }],
  ['ana@fabrikam%2ecom', { fault: 'domain' }],
  ['ana@fabri\u00adkam.com', { fault: 'invisible' }],
  ['ana@fabri\nkam.com', { fault: 'whitespace' }],
  ['ana@ⓕabrikam.com', { fault: 'notAscii' }],
  ['bo@münchen.de/x', { fault: 'notAscii' }],
  ['ana', { fault: 'noAt' }],
  ['', { fault: 'missing' }],
])('%j', (text, subject) => {
  expect(parseDataSubject(text)).toEqual(subject);
});
