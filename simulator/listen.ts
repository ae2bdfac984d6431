import type { AddressInfo, Server, Socket } from 'node:net';

/** The address that every machine has, and the one to which `localhost` may resolve first. */
const IPV4 = '127.0.0.1';
const IPV6 = '::1';
const TRIES = 10;

export type Listening = { port: number; close(): Promise<void> };

/**
 * Listens on the loopback addresses only, on one port for both families.
 *
 * @param make makes one server; it is called once for each family
 * @param port 0 for any that is free
 */
export async function listenOnLoopback(make: () => Server, port: number): Promise<Listening> {
  for (let attempt = 1; ; attempt += 1) {
    const first = await listen(make(), IPV4, port);
    try {
      const second = await listen(make(), IPV6, first.port);
      return {
        port: first.port,
        close: async () => {
          await Promise.all([first.close(), second.close()]);
        },
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') return first; // a machine without IPv6
      await first.close();
      if (port !== 0 || attempt === TRIES) throw error;
    }
  }
}

function listen(server: Server, host: string, port: number): Promise<Listening> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, ipv6Only: host === IPV6 }, () => {
      server.off('error', reject);
      resolve({ port: (server.address() as AddressInfo).port, close: () => close(server, sockets) });
    });
  });
}

/** Ends at once, without waiting for keep-alive connections. */
function close(server: Server, sockets: Set<Socket>): Promise<void> {
  return new Promise((closed) => {
    server.close(() => {
      closed();
    });
    for (const socket of sockets) socket.destroy();
  });
}
