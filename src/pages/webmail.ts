/** Where people with an address at a large provider read their mail. Other domains do not tell. */
const PROVIDERS: [domains: RegExp, name: string, url: string][] = [
  [/^(gmail|googlemail)\.com$/, 'Gmail', 'https://mail.google.com/'],
  [/^(outlook|hotmail|live|msn)(\.[a-z]{2,3}){1,2}$/, 'Outlook', 'https://outlook.live.com/mail/'],
  [/\.onmicrosoft\.com$/, 'Outlook', 'https://outlook.office.com/mail/'],
  [/^(yahoo(\.[a-z]{2,3}){1,2}|ymail\.com)$/, 'Yahoo Mail', 'https://mail.yahoo.com/'],
  [/^(icloud|me|mac)\.com$/, 'iCloud Mail', 'https://www.icloud.com/mail'],
  [/^(proton\.me|protonmail\.com|pm\.me)$/, 'Proton Mail', 'https://mail.proton.me/'],
  [/^gmx\.(de|net|at|ch|com)$/, 'GMX', 'https://www.gmx.net/'],
  [/^web\.de$/, 'WEB.DE', 'https://web.de/'],
  [/^qq\.com$/, 'QQ', 'https://mail.qq.com/'],
  [/^163\.com$/, '163', 'https://mail.163.com/'],
];

/** The webmail of an address; null where its domain does not tell. */
export function webmailOf(address: string): { name: string; url: string } | null {
  const domain = address.slice(address.lastIndexOf('@') + 1);
  const found = PROVIDERS.find(([domains]) => domains.test(domain));
  return found ? { name: found[1], url: found[2] } : null;
}
