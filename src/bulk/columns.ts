/** What a column of a file of invitations is for. */
export type Column =
  | 'email'
  | 'displayName'
  | 'firstName'
  | 'lastName'
  | 'company'
  | 'redirectUrl'
  | 'apps'
  | 'groups'
  | 'language'
  | 'sendMail'
  | 'message';

/**
 * Headings by what is left of them without case, spaces and signs: those of Microsoft's file of 2015, those of today's bulk invite
 * in the Entra admin centre, which stand in square brackets there, and our own.
 */
const HEADINGS: Partial<Record<string, Column>> = {
  email: 'email',
  emailaddress: 'email',
  inviteeemail: 'email',
  displayname: 'displayName',
  firstname: 'firstName',
  lastname: 'lastName',
  company: 'company',
  invitereplyurl: 'redirectUrl',
  inviteredirecturl: 'redirectUrl',
  apps: 'apps',
  inviteappresources: 'apps',
  groups: 'groups',
  invitegroupresources: 'groups',
  language: 'language',
  sendemail: 'sendMail',
  customizedmessagebody: 'message',
};

/** The column that a heading names; undefined for one that we do not know. */
export function columnOf(heading: string): Column | undefined {
  const [, bracketed] = /\[([^\]]+)\]/.exec(heading) ?? [];
  return HEADINGS[(bracketed ?? heading).toLowerCase().replace(/[^a-z0-9]/g, '')];
}

/** A line before the headings: the version of today's file, or a spreadsheet's word about its separators. */
export const isBeforeHeadings = (cells: readonly string[]) =>
  /^(version:\s*v?\d|sep=)/i.test(cells[0]?.trim() ?? '');
