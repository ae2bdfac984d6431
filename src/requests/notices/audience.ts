import { createHash } from 'node:crypto';
import type { Deps } from '../../deps.js';
import { GraphFault } from '../../graph/graphFault.js';
import { findGroupRecipients, findRecipient, type DirectoryRecipient } from '../../graph/recipients.js';

/** Somebody to write to. Addresses come from the directory or the policy each time, and are not stored. */
export type Recipient = {
  /** What the store knows them by: their object id, or `mail …` for an address that the policy names. */
  key: string;
  to: string;
  /** All that is known to be theirs, in lower case: with one of these they are the applicant themselves. */
  addresses: string[];
  /** BCP 47, of a language that there are texts for. */
  language: string;
};

/** Who decides on a partner's requests, null being no partner, and is not the one with the address `except`. */
export type FindDeciders = (partner: string | null, except?: string) => Promise<Recipient[]>;

export type Audience = {
  /** @throws {GraphFault} */
  of: FindDeciders;
  /** The same, with an approver whom the directory does not tell of taken for nobody. */
  ofKnown: FindDeciders;
  /** Whom the store knows by a key; null when they are gone, cannot sign in any more or have no address. */
  find(key: string): Promise<Recipient | null>;
};

/** Most people who are told of one request. */
const MOST_PEOPLE = 50;

/**
 * Looks up the people to tell, each approver once.
 *
 * @param signalNow bounds a look-up that begins now
 */
export function openAudience(deps: Deps, signalNow: () => AbortSignal): Audience {
  const { policy } = deps.policy.current();
  const { portal } = policy.document;
  const named = portal.reviewers.length > 0 ? portal.reviewers : [portal.contact];
  const reviewers = named.map((address) => ofPolicy(address));
  const approvers = once((id) => findApprover(deps, id, signalNow()));
  const people = once((id) => findRecipient(deps.graph, id, signalNow()));

  async function approversOf(
    partner: string | null,
    look: (id: string) => Promise<Recipient[]>,
  ): Promise<Recipient[]> {
    const ids = partner === null ? [] : (policy.partner(partner)?.approvers ?? []);
    const found = new Map<string, Recipient>();
    for (const id of ids) {
      for (const recipient of await look(id)) found.set(recipient.key, recipient);
    }
    if (found.size > MOST_PEOPLE)
      deps.log.warn({ partner, approvers: found.size }, 'not every approver is told');
    return [...found.values()].slice(0, MOST_PEOPLE);
  }

  const deciders =
    (look: (id: string) => Promise<Recipient[]>): FindDeciders =>
    async (partner, except) => {
      const others = (all: Recipient[]) =>
        all.filter(({ addresses }) => except === undefined || !addresses.includes(except));
      const told = others(await approversOf(partner, look));
      // A request that nobody hears of would wait for ever.
      return told.length > 0 ? told : others(reviewers);
    };

  return {
    of: deciders(approvers),
    ofKnown: deciders((id) => approvers(id).catch(nobodyIfUntold)),
    async find(key) {
      if (key.startsWith('mail ')) return reviewers.find((reviewer) => reviewer.key === key) ?? null;
      const person = await people(key);
      return person && ofDirectory(deps, person);
    },
  };
}

function nobodyIfUntold(error: unknown): Recipient[] {
  if (error instanceof GraphFault) return [];
  throw error;
}

/** An approver is a person or a group, and only the directory knows which. */
async function findApprover(deps: Deps, id: string, signal: AbortSignal): Promise<Recipient[]> {
  const person = await findRecipient(deps.graph, id, signal);
  const found = person ? [person] : await findGroupRecipients(deps.graph, id, MOST_PEOPLE, signal);
  if (!found) deps.log.warn({ approver: id }, 'an approver whom the directory does not know');
  return (found ?? []).flatMap((one) => ofDirectory(deps, one) ?? []);
}

function ofDirectory({ languages }: Deps, person: DirectoryRecipient): Recipient | null {
  const { id, mail, otherMails, userPrincipalName, preferredLanguage, accountEnabled } = person;
  const to = [mail, ...(otherMails ?? [])].find((address) => isMailbox(address));
  // A sign-in name alone is no mailbox: accounts for administration have one and no mail.
  if (accountEnabled === false || !to) return null;
  const addresses = [to, mail, userPrincipalName, ...(otherMails ?? [])].flatMap((one) => one ?? []);
  const language = preferredLanguage?.split('-')[0]?.toLowerCase() ?? '';
  return {
    key: id,
    to,
    addresses: [...new Set(addresses.map((address) => address.toLowerCase()))],
    language: languages.available.includes(language) ? language : 'en',
  };
}

function ofPolicy(address: string): Recipient {
  const canonical = address.trim().toLowerCase();
  const hash = createHash('sha256').update(canonical).digest('hex').slice(0, 32);
  return { key: `mail ${hash}`, to: address.trim(), addresses: [canonical], language: 'en' };
}

/** Wide enough for what a directory holds, and closed to what could end a header or begin a second address. */
function isMailbox(address: string | null | undefined): address is string {
  return (
    address !== null && address !== undefined && /^[^\s@<>,;"\p{Cc}]+@[^\s@<>,;"\p{Cc}]+$/u.test(address)
  );
}

function once<Found>(look: (id: string) => Promise<Found>): (id: string) => Promise<Found> {
  const known = new Map<string, Promise<Found>>();
  return (id) => {
    const found = known.get(id) ?? look(id);
    known.set(id, found);
    return found;
  };
}
