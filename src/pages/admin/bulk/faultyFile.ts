import type { RunLine } from '../../../store/runRows.js';

const HEADER = [
  'Email',
  'DisplayName',
  'FirstName',
  'LastName',
  'Company',
  'InviteReplyURL',
  'Apps',
  'Groups',
  'Language',
  'SendEmail',
  'CustomizedMessageBody',
];

/** Rows as a file that can be mended and sent again. */
export function faultyFile(lines: readonly RunLine[]): {
  header: string[];
  rows: { cells: string[]; line: RunLine }[];
} {
  const rows = lines.map((line) => {
    const { typed } = line;
    const cells = [
      typed.email,
      typed.displayName,
      typed.firstName,
      typed.lastName,
      typed.company,
      typed.redirectUrl,
      typed.apps.join('; '),
      typed.groups.join('; '),
      typed.language,
      typed.sendMail === null ? '' : String(typed.sendMail),
      typed.message,
    ];
    return { cells, line };
  });
  return { header: HEADER, rows };
}
