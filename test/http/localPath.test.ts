import { localPath } from '../../src/http/localPath.js';

test.each([
  ['/admin', '/admin'],
  ['/admin/requests?state=pending&page=2', '/admin/requests?state=pending&page=2'],
  ['/admin/requests?q=ana%40fabrikam.com', '/admin/requests?q=ana%40fabrikam.com'],
  ['/admin/requests?back=https://contoso.com', '/admin/requests?back=https://contoso.com'],
  ['/admin/policy#faults', '/admin/policy'],
  ['/admin/./requests', '/admin/requests'],
])('%j is ours', (wanted, path) => {
  expect(localPath(wanted)).toBe(path);
});

test.each([
  'https://evil.com',
  'HTTPS:evil.com',
  'https:/evil.com',
  '//evil.com',
  '///evil.com',
  '/\\evil.com',
  '\\\\evil.com',
  '/\\/evil.com',
  '/admin\\..\\..\\evil.com',
  'javascript:alert(1)',
  'data:text/html,x',
  '/\tevil.com',
  '/\n/evil.com',
  '/\r\nSet-Cookie: x=y',
  '\u0000//evil.com',
  ' //evil.com',
  '/..//evil.com',
  '/.//evil.com',
  '/%2f/evil.com',
  '/%5cevil.com',
  '/%255cevil.com',
  '/%09/evil.com',
  '/admin/%2e%2e//evil.com',
  '@evil.com',
  'evil.com',
  '.evil.com',
  '/\u2028evil.com',
  '／／evil.com',
  '',
  `/${'a'.repeat(3_000)}`,
  ['/admin/requests'],
  { toString: () => '/admin/requests' },
  null,
  undefined,
])('3.7.2 %j leads to the start of the admin area', (wanted) => {
  expect(localPath(wanted)).toBe('/admin');
});
