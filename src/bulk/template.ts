import { stringify } from 'csv-stringify/sync';

export const DIALECTS = ['2015', 'today'] as const;
export type Dialect = (typeof DIALECTS)[number];

const OURS = ['FirstName', 'LastName', 'Company', 'Apps', 'Groups', 'Language'];
const EXAMPLE = ['Ana', 'Lind', 'Fabrikam', '', '', 'sv'];

/** An empty file of one of Microsoft's dialects with our own columns; its example row is left out when it comes back. */
export function templateOf(dialect: Dialect): string {
  const lines =
    dialect === '2015'
      ? [
          ['Email', 'DisplayName', 'InviteReplyURL', ...OURS],
          ['example@fabrikam.com', '', '', ...EXAMPLE],
        ]
      : [
          ['version:v1.0'],
          [
            'Email address to invite [inviteeEmail] Required',
            'Redirection url [inviteRedirectURL]',
            'Send invitation message (true or false) [sendEmail]',
            'Customized invitation message [customizedMessageBody]',
            ...OURS,
          ],
          ['example@fabrikam.com', '', 'true', '', ...EXAMPLE],
        ];
  return stringify(lines, { bom: true, record_delimiter: 'windows' });
}
