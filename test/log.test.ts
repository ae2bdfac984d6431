import { createLog } from '../src/log.js';
import { timesAsLong } from './support/processorTime.js';

function lineOf(write: (log: ReturnType<typeof createLog>) => void): string {
  const lines: string[] = [];
  write(createLog('trace', { write: (line) => lines.push(line) }));
  return lines.join('');
}

const TOKEN = `eyJ${'a'.repeat(20)}.eyJ${'b'.repeat(20)}.${'c'.repeat(20)}`;

test('what other servers say of people is not passed on: in a text, in an error, in its cause', () => {
  const cause = Object.assign(new Error('550 <ana.lind@fabrikam.com>: no such user'), {
    response: '550 ana.lind@fabrikam.com',
    rejected: ['ana.lind@fabrikam.com'],
  });
  const line = lineOf((log) => {
    log.error(
      { err: new Error(`refused:\nAna.Lind@FABRIKAM.com`, { cause }), reason: `bad ${TOKEN}` },
      'for ana.lind@fabrikam.com',
    );
  });
  expect(line).not.toMatch(/lind|fabrikam|eyJ/i);
  const { msg, reason, err } = JSON.parse(line) as { msg: string; reason: string; err: { message: string } };
  expect([msg, reason]).toEqual(['for <address>', 'bad <token>']);
  expect(err.message).toBe('refused:\n<address>: 550 <<address>>: no such user');
});

test.each(['\n', '\\', '\\\n', '"', '\u0007', '\u2028', '\\"', 'é'])(
  'a line stays JSON, whatever stands before an address: %j',
  (before) => {
    const line = lineOf((log) => {
      log.info({ text: `x${before}ana@fabrikam.com${before}y` }, 'told');
    });
    expect((JSON.parse(line) as { text: string }).text).toBe(`x${before}<address>${before}y`);
  },
);

test('what is no address stays as it is', () => {
  const text = 'at file:///app/node_modules/@azure/identity/dist/index.js:1:2 user@host 12:30@noon';
  expect(
    lineOf((log) => {
      log.info({ text }, 'told');
    }),
  ).toContain(text);
});

test('a line that is eight times as long takes about eight times as long, not sixty-four', async () => {
  const written = (length: number) => () =>
    lineOf((log) => {
      log.info({ text: `${'a'.repeat(length)}@${'b.'.repeat(length / 2)}` }, 'told');
    });
  expect(await timesAsLong(written(1_600_000), written(200_000))).toBeLessThan(32);
});
