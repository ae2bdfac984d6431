import { readSheet } from '../../src/bulk/readSheet.js';
import type { SheetRow } from '../../src/store/schema.js';

const OLD =
  'Email,DisplayName,InviteAppID,InviteReplyUrl,InviteAppResources,InviteGroupResources,InviteContactUsUrl';
const TODAY = [
  'Email address to invite [inviteeEmail] Required',
  'Redirection url [inviteRedirectURL] Required',
  'Send invitation message (true or false) [sendEmail]',
  'Customized invitation message [customizedMessageBody]',
].join(',');

const read = (text: string | Buffer) => {
  const result = readSheet(Buffer.from(text));
  if (!result.ok) throw new Error(`refused: ${JSON.stringify(result.fault)}`);
  return result.sheet;
};
const faultIn = (bytes: string | Buffer) => {
  const result = readSheet(Buffer.from(bytes));
  return result.ok ? null : result.fault;
};
const ANA: SheetRow = {
  line: 2,
  email: 'ana@fabrikam.com',
  displayName: '',
  firstName: '',
  lastName: '',
  company: '',
  redirectUrl: '',
  apps: [],
  groups: [],
  language: '',
  message: '',
  sendMail: null,
  surplus: '',
};
const GROUP = '22222222-0000-4000-8000-000000000002';
const OTHER = '22222222-0000-4000-8000-000000000003';

describe('the two dialects of Microsoft', () => {
  test('that of 2015', () => {
    const row = `ana@fabrikam.com,Ana Lind,cc,https://crm.contoso.com,crm wiki,${GROUP} ${OTHER},https://help.contoso.com`;
    expect(read(`${OLD}\n${row}`)).toEqual({
      rows: [
        {
          ...ANA,
          displayName: 'Ana Lind',
          redirectUrl: 'https://crm.contoso.com',
          apps: ['crm wiki'],
          groups: [GROUP, OTHER],
        },
      ],
      ignored: ['InviteAppID', 'InviteContactUsUrl'],
      exampleLine: null,
    });
  });

  test("today's, below its version and with the row of its example", () => {
    const sheet = read(
      [
        'version:v1.0,,,',
        TODAY,
        'Example: kim@contoso.com,https://a.com,TRUE,Hi',
        'ana@fabrikam.com,https://a.com,False,"Hello, Ana"',
      ].join('\r\n'),
    );
    expect(sheet.exampleLine).toBe(3);
    expect(sheet.rows).toEqual([
      { ...ANA, line: 4, redirectUrl: 'https://a.com', sendMail: false, message: 'Hello, Ana' },
    ]);
  });

  test.each([
    ['in another case, with spaces', 'E-MAIL , first name,LAST_NAME'],
    ['in another order', 'Last Name,EMAIL,FirstName'],
  ])('with headings %s', (_name, headings) => {
    const cells: Record<string, string> = { e: 'ana@fabrikam.com', f: 'Ana', l: 'Lind' };
    const row = headings.split(',').map((heading) => cells[heading.trim().charAt(0).toLowerCase()]);
    expect(read(`${headings}\n${row.join(',')}`).rows).toEqual([
      { ...ANA, firstName: 'Ana', lastName: 'Lind' },
    ]);
  });

  test('unknown columns are named and ignored', () => {
    const sheet = read('Email,Shoe size,,Company\nana@fabrikam.com,38,,Fabrikam');
    expect(sheet.ignored).toEqual(['Shoe size']);
    expect(sheet.rows).toEqual([{ ...ANA, company: 'Fabrikam' }]);
  });
});

describe('what spreadsheets do to files', () => {
  const named = { ...ANA, firstName: 'Ana', company: 'Fabrikam, Inc.' };
  test.each<[name: string, text: string]>([
    ['LibreOffice: commas, line feeds', 'Email,FirstName,Company\nana@fabrikam.com,Ana,"Fabrikam, Inc."\n'],
    [
      'Google Sheets: no break at the end',
      'Email,FirstName,Company\r\nana@fabrikam.com,Ana,"Fabrikam, Inc."',
    ],
    [
      'Excel: a byte order mark, semicolons',
      '\ufeffEmail;FirstName;Company\r\nana@fabrikam.com;Ana;Fabrikam, Inc.\r\n',
    ],
    ['Excel: tabs', 'Email\tFirstName\tCompany\r\nana@fabrikam.com\tAna\tFabrikam, Inc.\r\n'],
    [
      'a tail that was full once',
      'Email;FirstName;Company\r\nana@fabrikam.com;Ana;Fabrikam, Inc.\r\n;;\r\n;;\r\n\r\n',
    ],
    ['lines of an old Macintosh', 'Email;FirstName;Company\rana@fabrikam.com;Ana;Fabrikam, Inc.\r'],
  ])('%s', (_name, text) => {
    expect(read(text).rows).toEqual([named]);
  });

  test('a cell with line breaks and quotes, after which lines are counted on', () => {
    const { rows } = read(
      'Email,Company\r\nana@fabrikam.com,"Fabri\r\nkam ""AB"""\r\n\r\nbo@fabrikam.com,B\r\n',
    );
    expect(rows.map(({ line, company }) => [line, company])).toEqual([
      [2, 'Fabri\r\nkam "AB"'],
      [5, 'B'],
    ]);
  });

  test('several values in a cell, however they are divided', () => {
    for (const cell of ['crm;wiki', 'crm|wiki', '"crm, wiki"', '"crm\nwiki"'])
      expect(read(`Email,Apps\nana@fabrikam.com,${cell}`).rows[0]?.apps).toEqual(['crm', 'wiki']);
    expect(read('Email,Apps\nana@fabrikam.com,Contoso CRM').rows[0]?.apps).toEqual(['Contoso CRM']);
  });
});

describe('addresses without a table', () => {
  const addresses = (text: string) =>
    read(text).rows.map(({ line, email, firstName, lastName }) => [line, email, firstName, lastName]);

  test('one a line', () => {
    expect(addresses('ana@fabrikam.com\r\n\r\nbo@fabrikam.com\r\n')).toEqual([
      [1, 'ana@fabrikam.com', '', ''],
      [3, 'bo@fabrikam.com', '', ''],
    ]);
  });

  test('as mail programs copy them', () => {
    expect(
      addresses(
        'Ana Maria Lind <ana@fabrikam.com>; "Berg, Bo" <bo@fabrikam.com>,\n cy@fabrikam.com, <dee@fabrikam.com>',
      ),
    ).toEqual([
      [1, 'ana@fabrikam.com', 'Ana', 'Maria Lind'],
      [1, 'bo@fabrikam.com', 'Bo', 'Berg'],
      [2, 'cy@fabrikam.com', '', ''],
      [2, 'dee@fabrikam.com', '', ''],
    ]);
  });
});

describe('is refused as a whole, with its place', () => {
  const rows = (count: number) =>
    Array.from({ length: count }, (_, index) => `p${index}@fabrikam.com`).join('\n');

  test.each<[name: string, bytes: string | Buffer, fault: object]>([
    ['more than 10 MB', Buffer.alloc(10_000_001, 'a'), { code: 'tooLarge' }],
    ['an .xlsx', Buffer.from('PK\x03\x04 and so on', 'latin1'), { code: 'workbook' }],
    ['an .xls', Buffer.from('d0cf11e0a1b11ae1', 'hex'), { code: 'workbook' }],
    ['UTF-16', Buffer.from('\ufeffEmail\n', 'utf16le'), { code: 'utf16' }],
    ['UTF-16 without a mark', Buffer.from('Email\n', 'utf16le'), { code: 'utf16' }],
    [
      'Windows-1252',
      Buffer.from('Email,Company\nbo@fabrikam.com,ö\xf6 B\xf6rje', 'latin1'),
      { code: 'encoding', line: 2, column: 17 },
    ],
    ['NUL', 'Email,Company\nana@fabrikam.com,å\0', { code: 'nul', line: 2, column: 19 }],
    ['nothing', '\ufeff \r\n', { code: 'empty' }],
    ['no headings', 'Ana,Lind\nBo,Berg', { code: 'noHeader', line: 1 }],
    [
      'a list with a line that is no address',
      'Ana Lind <ana@fabrikam.com>\n\nBo <not an address>',
      { code: 'addressLine', line: 3 },
    ],
    ['a version alone', 'version:v1.0', { code: 'noHeader', line: 1 }],
    ['no column of addresses', 'FirstName,LastName\nAna,Lind', { code: 'noAddresses', line: 1 }],
    ['a column twice', 'Email,Company,E-mail\na,b,c', { code: 'columnTwice', line: 1, column: 3 }],
    ['a quote that does not end', 'Email,Company\na@b.com,"Fabrikam\nc@d.com,x', { code: 'quotes', line: 2 }],
    ['a quote within a cell', 'Email,Company\na@b.com,Fabrikam "AB"', { code: 'quotes', line: 2 }],
    ['2,001 rows', `Email\n${rows(2001)}`, { code: 'tooManyRows', line: 2002 }],
    ['2,001 addresses', rows(2001), { code: 'tooManyRows', line: 2001 }],
  ])('%s', (_name, bytes, fault) => {
    expect(faultIn(bytes)).toMatchObject(fault);
  });

  test('2,000 rows are not', () => {
    expect(read(`Email\n${rows(2000)}`).rows).toHaveLength(2000);
  });
});

test('only the example of a template is left out, and nobody who is called so', () => {
  const sheet = read('Email\nana@fabrikam.com\nexample.person@fabrikam.com\nexample@fabrikam.com');
  expect(sheet).toMatchObject({ exampleLine: null });
  expect(sheet.rows).toHaveLength(3);
});

test('each of several equal rows has a line of its own', () => {
  const sheet = read(
    'Email,Company\na@fabrikam.com,A\na@fabrikam.com,A\na@fabrikam.com,A\n"b@fabrikam.com","x\ny"\nc@fabrikam.com,C',
  );
  expect(sheet.rows.map(({ line }) => line)).toEqual([2, 3, 4, 5, 7]);
});

test.each([
  ['cells with other signs', 'Email,InviteGroupResources\na@fabrikam.com,partners;crm;suppliers;partners'],
  ['a word about its separator', 'sep=;\nEmail;Groups\na@fabrikam.com;crm,partners'],
])('a table with %s is read by its headings', (_name, text) => {
  expect(read(text).rows).toMatchObject([{ email: 'a@fabrikam.com' }]);
});

test('a word for yes or no that is neither is kept for the judge', () => {
  const sheet = read('Email,SendEmail\na@fabrikam.com,FALSCH\nb@fabrikam.com,\nc@fabrikam.com,no');
  expect(sheet.rows.map(({ sendMail }) => sendMail)).toEqual(['FALSCH', null, false]);
});

test('a cell that an export has kept from being a formula is read as it was', () => {
  expect(read("Email,Company\n'-ana@fabrikam.com,'=1+1").rows).toMatchObject([
    { email: '-ana@fabrikam.com', company: '=1+1' },
  ]);
});
