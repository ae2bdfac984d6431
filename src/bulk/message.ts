export const LONGEST_MESSAGE = 500;

const LINK = /\b(?:[a-z][a-z0-9+.-]*:\/\/|www\.)[^\s<>"']+/gi;
const MAIL = /\S@\S/;

/** Whether a text leads anywhere but to these hosts: mail programs make links of addresses. */
export function hasForeignLink(text: string, hosts: ReadonlySet<string>): boolean {
  const links = text.match(LINK) ?? [];
  return MAIL.test(text) || links.some((link) => !isAmong(link, hosts));
}

function isAmong(link: string, hosts: ReadonlySet<string>): boolean {
  const url = /^www\./i.test(link) ? `https://${link}` : link;
  return (
    URL.canParse(url) && new URL(url).protocol === 'https:' && hosts.has(new URL(url).host.toLowerCase())
  );
}
