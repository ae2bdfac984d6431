import { isIPv4, isIPv6 } from 'node:net';
import type { Request, RequestHandler } from 'express';
import { tooManyRequests } from '../errors.js';
import type { Store } from '../store/database.js';
import { openRateLimit } from '../store/rateLimit.js';

/** Generous: a whole office signs up from behind one address. */
const MOST = 120;
/** One IPv6 site, of any size, must not use up the allowance of all (`store/brake.ts`). */
const MOST_OF_A_SITE = 4 * MOST;
const PER_SECONDS = 10 * 60;

/**
 * Limits how often one client may send requests that cost something, counted over all limited pages and all instances.
 *
 * @throws {PublicError} `tooManyRequests`, from the middleware
 */
export function clientLimit(store: Store): RequestHandler {
  const limit = openRateLimit(store, { name: 'client', most: MOST, seconds: PER_SECONDS });
  const siteLimit = openRateLimit(store, { name: 'site', most: MOST_OF_A_SITE, seconds: PER_SECONDS });
  return async function limitClient(req, _res, next) {
    const client = clientOf(req);
    refuseUnless(await limit.take(client));
    const site = siteOf(client);
    if (site !== null) refuseUnless(await siteLimit.take(site));
    next();
  };
}

function refuseUnless({ taken, msLeft }: { taken: boolean; msLeft: number }): void {
  if (!taken) throw tooManyRequests(Math.ceil(msLeft / 1000));
}

/**
 * The client that a request is counted for: an IPv4 address, or the /64 of an IPv6 one, within which a client may pick its
 * addresses (RFC 6177 and 8981). Anything else that a proxy writes counts as one client, `unknown`.
 *
 * `req.ip` is what the outermost trusted proxy saw (`TRUST_PROXY`): the client itself may have written the
 * entries of X-Forwarded-For before that.
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
function siteOf(client: string): string | null {
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
