import { text } from 'node:stream/consumers';
import { csvStream } from '../src/csv.js';

async function csvOf(...cells: string[]): Promise<string> {
  const stream = csvStream(cells.map((_, index) => `c${index}`));
  stream.end(cells);
  return (await text(stream)).split('\r\n').slice(1, -1).join('\r\n');
}

test.each([
  ['plain words', 'Orders and invoices', 'Orders and invoices'],
  ['a comma', 'a,b', '"a,b"'],
  ['a quotation mark', 'a "b"', '"a ""b"""'],
  ['a line break', 'a\nb', '"a\nb"'],
  ['a formula', '=1+1', "'=1+1"],
  ['a formula with a plus', '+1', "'+1"],
  ['a formula with a minus', '-1', "'-1"],
  ['a formula with an at sign', '@SUM(A1)', "'@SUM(A1)"],
  ['a formula behind spaces', '  =1', "'  =1"],
  ['a formula behind what cannot be seen', '\u200B=1', "'\u200B=1"],
  ['a formula behind a quotation mark', '"=1"', `"'""=1"""`],
  ['a formula behind a semicolon, where spreadsheets divide cells', 'Foo;=1+1', "Foo;'=1+1"],
  ['a formula behind a tab', 'Foo\t=1', "Foo\t'=1"],
  ['a formula on a second line', 'Foo\n=1', `"Foo\n'=1"`],
  ['a hyphen inside a word', 'e-mail; well-known', 'e-mail; well-known'],
])('1.2.10 %s', async (_, cell, written) => {
  expect(await csvOf(cell)).toBe(written);
});
