import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/**
 * A mail server that never comes to the end of its answer to EHLO: a line every now and then, so that no socket is ever silent
 * long enough for a time-out of its own.
 */
export type DrippingMailServer = {
  url: string;
  /** How many clients it has begun to answer so far. */
  greeted(): number;
  /** How many of them are still there. */
  connected(): number;
  /** From now on it passes everything on to a mail server that works. */
  mend(url: string): void;
  /** From now on it drips again. */
  drip(): void;
  close(): Promise<void>;
};

export async function startDrippingMailServer(everyMs = 100): Promise<DrippingMailServer> {
  const sockets = new Set<Socket>();
  let behind: string | null = null;
  let greeted = 0;

  function answerInDrops(socket: Socket): void {
    socket.write('220 mail.example ESMTP\r\n');
    socket.once('data', () => {
      greeted++;
      const timer = setInterval(() => socket.write('250-X\r\n'), everyMs);
      socket.once('close', () => {
        clearInterval(timer);
      });
    });
  }

  function passOn(socket: Socket, url: string): void {
    const { hostname, port } = new URL(url);
    const other = connect(Number(port), hostname);
    other.on('error', () => socket.destroy());
    socket.once('close', () => other.destroy());
    socket.pipe(other).pipe(socket);
  }

  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
    if (behind === null) answerInDrops(socket);
    else passOn(socket, behind);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    greeted: () => greeted,
    connected: () => sockets.size,
    mend(url) {
      behind = url;
    },
    drip() {
      behind = null;
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
