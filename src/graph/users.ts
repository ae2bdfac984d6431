import type { User } from '@microsoft/microsoft-graph-types';
import { z } from 'zod';
import { unreadable, type FieldsOf, type Graph } from './graph.js';

const fields = {
  id: z.guid(),
  userPrincipalName: z.string().nullish(),
  mail: z.string().nullish(),
  otherMails: z.array(z.string()).nullish(),
  proxyAddresses: z.array(z.string()).nullish(),
  userType: z.string().nullish(),
  creationType: z.string().nullish(),
  externalUserState: z.string().nullish(),
  accountEnabled: z.boolean().nullish(),
} satisfies FieldsOf<User>;
const user = z.object(fields);

export type DirectoryUser = z.infer<typeof user>;

const SELECT = Object.keys(fields).join(',');

/**
 * Finds who answers to a canonical address in our directory: by mail, by alias, or by sign-in name.
 * A contact conflict leaves `proxyAddresses` empty, hence the several places.
 *
 * @see https://learn.microsoft.com/graph/api/user-list
 */
export async function findUsersByAddress(
  graph: Graph,
  address: string,
  signal?: AbortSignal,
): Promise<DirectoryUser[]> {
  const literal = quoted(address);
  const filter = [
    `mail eq ${literal}`,
    `userPrincipalName eq ${literal}`,
    `otherMails/any(x:x eq ${literal})`,
    `proxyAddresses/any(x:x eq ${quoted(`SMTP:${address}`)})`,
    `proxyAddresses/any(x:x eq ${quoted(`smtp:${address}`)})`,
  ].join(' or ');
  const { body, requestId } = await graph.call({
    method: 'GET',
    // The client encodes neither `#` nor `&` in a filter.
    path: `/users?$filter=${encodeURIComponent(filter)}&$select=${SELECT}&$top=10`,
    ...(signal && { signal }),
  });
  const parsed = z.object({ value: z.array(user) }).safeParse(body);
  if (!parsed.success) throw unreadable('The list of users could not be read', requestId, 'no');
  return parsed.data.value;
}

/** An OData string literal: quotes doubled. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
