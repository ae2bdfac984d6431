import { isIPv4, isIPv6 } from 'node:net';
import type { Request } from 'express';

/**
 * Whom a request is counted for: an IPv4 address, or the /64 of an IPv6 one, within which a client has its pick of addresses
 * (RFC 6177 and 8981). What a proxy writes that is neither counts as one client, `unknown`.
 *
 * `req.ip` is what the outermost trusted proxy saw (`TRUST_PROXY`): entries of X-Forwarded-For before that are the client's
 * own words.
 */
export function clientOf({ ip = '' }: Pick<Request, 'ip'>): string {
  const address = withoutPort(ip.trim());
  if (isIPv4(address)) return address;
  return isIPv6(address) ? networkOf(address) : 'unknown';
}

/**
 * The /48 around a client, as much as one site is given (RFC 6177), with 65,536 clients in it; null for clients of IPv4, which
 * has no addresses to give away.
 */
export function siteOf(client: string): string | null {
  if (!client.endsWith('::/64')) return null;
  return `${client.split(':').slice(0, 3).join(':')}::/48`;
}

/** Azure's front end writes `address:port` into X-Forwarded-For; with the port every connection would be a new client. */
function withoutPort(entry: string): string {
  const bracketed = /^\[([^\]]+)\](:\d+)?$/.exec(entry);
  return bracketed?.[1] ?? /^([\d.]+):\d+$/.exec(entry)?.[1] ?? entry;
}

function networkOf(address: string): string {
  const groups = groupsOf(address);
  // An IPv4 client on a socket that takes both (RFC 4291, 2.5.5.2).
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (isMapped) {
    return groups
      .slice(6)
      .flatMap((group) => [group >> 8, group & 255])
      .join('.');
  }
  const network = groups.slice(0, 4).map((group) => group.toString(16));
  return `${network.join(':')}::/64`;
}

/** The eight numbers of an IPv6 address; URL has one spelling for the many that it may have. */
function groupsOf(address: string): number[] {
  const [withoutZone = ''] = address.split('%');
  const { hostname } = new URL(`http://[${withoutZone}]`);
  const [head = [], tail = []] = hostname
    .slice(1, -1)
    .split('::')
    .map((half) => (half === '' ? [] : half.split(':')));
  const zeros = Array<string>(8 - head.length - tail.length).fill('0');
  return [...head, ...zeros, ...tail].map((group) => parseInt(group, 16));
}
