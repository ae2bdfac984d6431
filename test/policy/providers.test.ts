import { disposableEmailBlocklist } from 'disposable-email-domains-js';
import { isConsumerDomain, isDisposableDomain } from '../../src/policy/providers.js';

const CONSUMER: [domain: string, fact: string][] = [
  ['gmail.com', 'a public provider'],
  ['mail.gmail.com', 'below one'],
  ['outlook.com', 'a public provider'],
  ['outlook.com.br', 'its national domain'],
  ['proton.me', 'a public provider'],
  ['europe.com', 'one of the many names of a provider'],
  ['duck.com', 'passes mail on to a hidden mailbox'],
  ['privaterelay.appleid.com', 'the same'],
  ['comcast.net', 'the customers of an access provider'],
  ['t-online.de', 'the same'],
  ['docomo.ne.jp', 'the same'],
  ['mail.ru', 'a public provider'],
  ['vip.163.com', 'below a public provider'],
];

const COMPANIES = [
  'microsoft.com',
  'google.com',
  'alibaba.com',
  'bt.com',
  'berlin.de',
  'telekom.de',
  'appleid.com',
  'apple.com',
  'comcast.com',
  'live.example',
  'gmx.example',
  'notgmail.com',
  'ne.jp',
  'fabrikam.com',
];

test.each(CONSUMER)('%s is a consumer domain: %s', (domain) => {
  expect(isConsumerDomain(domain)).toBe(true);
});

test.each(COMPANIES)('%s is neither a consumer nor a disposable domain', (domain) => {
  expect(isConsumerDomain(domain)).toBe(false);
  expect(isDisposableDomain(domain)).toBe(false);
});

test.each(['yopmail.com', 'mailinator.com', 'x.y.mailinator.com', 'temp-mail.io', '10minutemail.com'])(
  '%s is a disposable domain',
  (domain) => {
    expect(isDisposableDomain(domain)).toBe(true);
  },
);

test('every domain of the package’s list is a disposable one, and so is what is below it', () => {
  const listed = disposableEmailBlocklist();
  expect(listed.length).toBeGreaterThan(8_000);
  expect(listed.filter((domain) => !isDisposableDomain(domain))).toEqual([]);
  expect(listed.filter((domain) => !isDisposableDomain(`a.${domain}`))).toEqual([]);
});

test('no disposable domain is a public suffix: it would refuse all that is below', () => {
  expect(disposableEmailBlocklist().filter((domain) => !domain.includes('.'))).toEqual([]);
  for (const domain of ['com', 'co.uk', 'github.io', 'onmicrosoft.com'])
    expect(isDisposableDomain(domain)).toBe(false);
});
