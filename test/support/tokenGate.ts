import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { generate } from 'selfsigned';

/** A connection that was let in. */
export type Admitted = { token: string; openedAt: number; closedAt: number | null };

export type TokenGate = {
  /** Where a portal finds its database behind the gate; `caFile` is what to trust. */
  url(options?: { host?: string; caFile?: string; query?: string }): string;
  caFile: string;
  /** All passwords that were sent, let in or not. */
  offered: string[];
  admitted: Admitted[];
  /** Says what PostgreSQL says, and nobody else gets in. */
  refusal: { code: string; message: string; detail?: string } | null;
  /** Ends what is open. */
  cut(): void;
  close(): Promise<void>;
};

export type GateOptions = {
  /** The database behind the gate, on a server that trusts whoever comes from this machine. */
  databaseUrl: string;
  /** Where files may be written. */
  folder: string;
  user: string;
  accepts: (token: string) => boolean;
  /** Names in the certificate. */
  names?: string[];
  tls?: boolean;
};

/**
 * Stands before PostgreSQL as Azure's server does: by TLS, and with tokens for passwords
 * (https://www.postgresql.org/docs/current/protocol-flow.html).
 */
export async function startTokenGate(options: GateOptions): Promise<TokenGate> {
  const { databaseUrl, folder, user, accepts, names = ['localhost'], tls = true } = options;
  const { key, cert, caFile } = await makeCertificate(folder, names);
  const open = new Set<Socket>();

  const server = createServer((socket) => {
    open.add(socket.on('error', () => undefined).once('close', () => open.delete(socket)));
    admit(socket).catch(() => socket.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  async function admit(socket: Socket): Promise<void> {
    const client = tls ? await secured(socket) : socket;
    if (!client) return;
    const startup = await message(client);
    client.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3])); // AuthenticationCleartextPassword
    await take(client, 1);
    const token = (await message(client)).subarray(0, -1).toString();
    gate.offered.push(token);
    const named = parametersIn(startup);
    if (gate.refusal || named.user !== user || !accepts(token)) {
      client.end(errorMessage(gate.refusal ?? { code: '28P01', message: 'The access token is not valid' }));
      return;
    }
    const behind = new URL(databaseUrl);
    const server = connect(Number(behind.port || 5432), behind.hostname).on('error', () => undefined);
    const whole = { ...named, user: behind.username, database: behind.pathname.slice(1) };
    server.write(startupMessage(whole));
    const connection: Admitted = { token, openedAt: Date.now(), closedAt: null };
    gate.admitted.push(connection);
    socket.once('close', () => {
      connection.closedAt = Date.now();
      server.destroy();
    });
    server.once('close', () => socket.destroy());
    client.pipe(server).pipe(client);
  }

  /** As the server does it: what is not encrypted is turned away. */
  async function secured(socket: Socket): Promise<TLSSocket | null> {
    const request = await message(socket);
    if (request.readInt32BE(0) !== SSL_REQUEST) {
      socket.end(errorMessage({ code: '28000', message: 'no pg_hba.conf entry, no encryption' }));
      return null;
    }
    socket.write('S');
    const secure = new TLSSocket(socket, { isServer: true, key, cert }).on('error', () => socket.destroy());
    await once(secure, 'secure');
    return secure;
  }

  const gate: TokenGate = {
    url({ host = 'localhost', caFile: trusted = caFile, query } = {}) {
      const parameters = query ?? `sslmode=verify-full&sslrootcert=${encodeURIComponent(trusted)}`;
      return `postgres://${user}@${host}:${port}/portal?${parameters}`;
    },
    caFile,
    offered: [],
    admitted: [],
    refusal: null,
    cut() {
      for (const socket of open) socket.destroy();
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      gate.cut();
      await closed;
    },
  };
  return gate;
}

const SSL_REQUEST = 80877103;
const PROTOCOL = 196608;

async function makeCertificate(folder: string, names: string[]) {
  const pems = await generate([{ name: 'commonName', value: names[0] ?? '' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'subjectAltName', altNames: names.map((value) => ({ type: 2, value })) },
    ],
  });
  const caFile = join(folder, `${names[0]}-${Date.now()}.pem`);
  await writeFile(caFile, pems.cert);
  return { key: pems.private, cert: pems.cert, caFile };
}

/** What follows the length that a message begins with. */
async function message(stream: Duplex): Promise<Buffer> {
  const length = (await take(stream, 4)).readInt32BE(0);
  return take(stream, length - 4);
}

async function take(stream: Duplex, bytes: number): Promise<Buffer> {
  for (;;) {
    const chunk = stream.read(bytes) as Buffer | null;
    if (chunk?.length === bytes) return chunk;
    if (chunk || stream.destroyed || stream.readableEnded) throw new Error('The client has gone');
    const over = new AbortController();
    const { signal } = over;
    await Promise.race(['readable', 'close', 'end'].map((event) => once(stream, event, { signal }))).finally(
      () => {
        over.abort();
      },
    );
  }
}

function parametersIn(startup: Buffer): Record<string, string> {
  const words = startup.subarray(4).toString().split('\0');
  const pairs = words.flatMap((name, at) =>
    at % 2 === 0 && name !== '' ? [[name, words[at + 1] ?? '']] : [],
  );
  return Object.fromEntries(pairs) as Record<string, string>;
}

function startupMessage(parameters: Record<string, string>): Buffer {
  const text = Object.entries(parameters)
    .map(([name, value]) => `${name}\0${value}\0`)
    .join('');
  const body = Buffer.from(`${text}\0`);
  const head = Buffer.alloc(8);
  head.writeInt32BE(body.length + 8, 0);
  head.writeInt32BE(PROTOCOL, 4);
  return Buffer.concat([head, body]);
}

function errorMessage({ code, message, detail }: NonNullable<TokenGate['refusal']>): Buffer {
  const fields = ['SFATAL', 'VFATAL', `C${code}`, `M${message}`, ...(detail ? [`D${detail}`] : [])];
  const body = Buffer.from(`${fields.join('\0')}\0\0`);
  const head = Buffer.alloc(5);
  head.write('E');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}
