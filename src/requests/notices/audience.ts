import { createHash } from 'node:crypto';
import type { Deps } from '../../deps.js';
import { GraphFault } from '../../graph/graphFault.js';
import { findGroupRecipients, findRecipient, type DirectoryRecipient } from '../../graph/recipients.js';
import { chooseLanguage } from '../../language.js';

/** A person to mail. Addresses are read from the directory or the policy each time, and not stored. */
export type Recipient = {
  /** Identifies them in the store: their object id, or `mail …` for an address that the policy names. */
  key: string;
  to: string;
  /** All their addresses, in lower case: an applicant with one of them is the same person. */
  addresses: string[];
  /** BCP 47; a language of `locales/`. */
  language: string;
};

/** Finds the approvers of a partner's requests (null: no partner), without the person with the address `except`. */
export type FindApprovers = (partner: string | null, except?: string) => Promise<Recipient[]>;

export type Audience = {
  /** @throws {GraphFault} */
  findApprovers: FindApprovers;
  /** The same, without approvers that Graph cannot look up. */
  findReachableApprovers: FindApprovers;
  /** The person with a key; null when they are gone, are disabled or have no address. */
  find(key: string): Promise<Recipient | null>;
};

/** The most people who are mailed about one request. */
const MOST_PEOPLE = 50;

/**
 * Looks up the people to mail, each approver once.
 *
 * @param signalNow returns the signal for a look-up that begins now
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
    const ids = policy.partner(partner)?.approvers ?? [];
    const found = new Map<string, Recipient>();
    for (const id of ids) {
      for (const recipient of await look(id)) found.set(recipient.key, recipient);
    }
    if (found.size > MOST_PEOPLE)
      deps.log.warn({ partner, approvers: found.size }, 'not every approver is mailed');
    return [...found.values()].slice(0, MOST_PEOPLE);
  }

  const approversBy =
    (look: (id: string) => Promise<Recipient[]>): FindApprovers =>
    async (partner, except) => {
      const others = (all: Recipient[]) =>
        all.filter(({ addresses }) => except === undefined || !addresses.includes(except));
      const found = others(await approversOf(partner, look));
      // Without any mail the request would wait for ever.
      return found.length > 0 ? found : others(reviewers);
    };

  return {
    findApprovers: approversBy(approvers),
    findReachableApprovers: approversBy((id) => approvers(id).catch(nobodyOnGraphFault)),
    async find(key) {
      if (key.startsWith('mail ')) return reviewers.find((reviewer) => reviewer.key === key) ?? null;
      const person = await people(key);
      return person && ofDirectory(deps, person);
    },
  };
}

function nobodyOnGraphFault(error: unknown): Recipient[] {
  if (error instanceof GraphFault) return [];
  throw error;
}

/** An approver is a person or a group, and only the directory knows which. */
async function findApprover(deps: Deps, id: string, signal: AbortSignal): Promise<Recipient[]> {
  const person = await findRecipient(deps.graph, id, signal);
  const found = person ? [person] : await findGroupRecipients(deps.graph, id, MOST_PEOPLE, signal);
  if (!found) deps.log.warn({ approver: id }, 'an approver is missing in the directory');
  return (found ?? []).flatMap((one) => ofDirectory(deps, one) ?? []);
}

function ofDirectory({ languages }: Deps, person: DirectoryRecipient): Recipient | null {
  const { id, mail, otherMails, userPrincipalName, preferredLanguage, accountEnabled } = person;
  const to = [mail, ...(otherMails ?? [])].find((address) => isMailbox(address));
  // A sign-in name alone is no mailbox: accounts for administration have one and no mail.
  if (accountEnabled === false || !to) return null;
  const addresses = [to, mail, userPrincipalName, ...(otherMails ?? [])].flatMap((one) => one ?? []);
  return {
    key: id,
    to,
    addresses: [...new Set(addresses.map((address) => address.toLowerCase()))],
    language: chooseLanguage([preferredLanguage ?? ''], languages.available).language,
  };
}

function ofPolicy(address: string): Recipient {
  const canonical = address.trim().toLowerCase();
  const hash = createHash('sha256').update(canonical).digest('hex').slice(0, 32);
  return { key: `mail ${hash}`, to: address.trim(), addresses: [canonical], language: 'en' };
}

/** Accepts an address of a directory, and nothing that could end a header or begin a second address. */
function isMailbox(address: string | null | undefined): address is string {
  return (
    address !== null && address !== undefined && /^[^\s@<>,;"\p{Cc}]+@[^\s@<>,;"\p{Cc}]+$/u.test(address)
  );
}

function once<Found>(look: (id: string) => Promise<Found>): (id: string) => Promise<Found> {
  const looks = new Map<string, Promise<Found>>();
  return (id) => {
    const found = looks.get(id) ?? look(id);
    looks.set(id, found);
    return found;
  };
}
