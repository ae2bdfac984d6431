import { once } from 'node:events';
import http, { type IncomingMessage, type RequestListener } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { listen, type Listening } from '../../src/http/listen.js';
import { waitFor } from '../support/waitFor.js';

/** Longer than any test takes: it is over when the test says so. */
const UNTIL_TOLD_MS = 2_000;

let listening: Listening;
let stopped: Promise<void> | undefined;
const agents: http.Agent[] = [];

async function answering(app: RequestListener): Promise<void> {
  listening = await listen(app, 0);
  stopped = undefined;
}
afterEach(async () => {
  await (stopped ?? listening.stop(0));
  for (const agent of agents.splice(0)) agent.destroy();
});

const keepAlive = () => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  agents.push(agent);
  return agent;
};

function get(agent: http.Agent | false = false): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    http.get({ port: listening.port, agent }, resolve).once('error', reject);
  });
}

const hello: RequestListener = (_req, res) => {
  res.end('hello');
};

test('idle connections are kept for longer than balancers keep theirs', async () => {
  await answering(hello);
  const answer = await get(keepAlive());
  answer.resume();
  expect(answer.headers['keep-alive']).toBe('timeout=95');
});

test('a stop goes on answering meanwhile, over open connections and new ones, and ends each with its answer', async () => {
  await answering(hello);
  const agent = keepAlive();
  await text(await get(agent));
  stopped = listening.stop(UNTIL_TOLD_MS);
  for (const connection of [agent, false] as const) {
    const answer = await get(connection);
    expect(answer.headers.connection).toBe('close');
    expect(await text(answer)).toBe('hello');
  }
  await stopped;
  await expect(get()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

test('a stop waits for an answer that is under way', async () => {
  let finish: () => void = () => undefined;
  await answering((_req, res) => {
    res.write('hel');
    finish = () => res.end('lo');
  });
  const answer = await get();
  stopped = listening.stop(0);
  await waitFor('the port to be closed', () =>
    get().then(
      () => false,
      () => true,
    ),
  );
  finish();
  expect(await text(answer)).toBe('hello');
});

test('a connection over which nothing is asked holds no stop up', async () => {
  await answering(hello);
  const silent = connect(listening.port, 'localhost');
  await once(silent, 'connect');
  const closed = once(silent, 'close');
  stopped = listening.stop(0);
  await Promise.all([closed, stopped]);
});

test('a port that is taken is told at once', async () => {
  await answering(hello);
  await expect(listen(hello, listening.port)).rejects.toMatchObject({ code: 'EADDRINUSE' });
});
