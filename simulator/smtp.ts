import type { Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import PostalMime from 'postal-mime';
import { SMTPServer, type SMTPServerSession } from 'smtp-server';
import { domainsIn, takeSmtpFault, type SmtpFault } from './faults.js';
import { deliver } from './inbox.js';
import type { Tenant } from './tenant.js';

/** A mail server that takes everything: no sign-in, no encryption, every mail lands in the inbox. */
export function createSmtpServer(tenant: Tenant): SMTPServer {
  const faults = new WeakMap<SMTPServerSession, SmtpFault>();
  function strike(
    fault: SmtpFault | undefined,
    session: SMTPServerSession,
    callback: (error?: Error) => void,
  ) {
    if (fault?.kind === 'refuse') {
      callback(Object.assign(new Error(fault.message), { responseCode: fault.code }));
      return;
    }
    if (fault) faults.set(session, fault);
    callback();
  }
  const server = new SMTPServer({
    name: 'localhost',
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    closeTimeout: 1,
    onMailFrom(_address, session, callback) {
      faults.delete(session); // one connection may carry several mails
      strike(takeSmtpFault(tenant.faults), session, callback);
    },
    onRcptTo({ address }, session, callback) {
      strike(takeSmtpFault(tenant.faults, domainsIn(address)), session, callback);
    },
    onData(stream, session, callback) {
      receive(tenant, { session, stream, fault: faults.get(session), cut: cutter(session) }).then(() => {
        callback();
      }, callback);
    },
  });
  const cutter = rememberSockets(server);
  server.on('error', () => undefined); // a caller may hang up
  return server;
}

type Delivery = {
  session: SMTPServerSession;
  stream: NodeJS.ReadableStream;
  fault: SmtpFault | undefined;
  cut: () => void;
};

async function receive(tenant: Tenant, { session, stream, fault, cut }: Delivery): Promise<void> {
  const raw = await buffer(stream);
  if (fault?.kind === 'hang') await sleep(fault.ms, undefined, { ref: false });
  if (fault?.kind === 'drop' && fault.when === 'before') {
    cut();
    return;
  }
  await store(tenant, session, raw);
  if (fault?.kind === 'drop') cut();
}

async function store(tenant: Tenant, session: SMTPServerSession, raw: Buffer): Promise<void> {
  const mail = await PostalMime.parse(raw);
  const sender = session.envelope.mailFrom;
  deliver(tenant.inbox, {
    source: 'smtp',
    from: mail.from?.address ?? (sender ? sender.address : ''),
    to: session.envelope.rcptTo.map((recipient) => recipient.address),
    subject: mail.subject ?? '',
    text: mail.text ?? '',
    html: mail.html ?? '',
    headers: Object.fromEntries(mail.headers.map((header) => [header.key, header.value])),
  });
}

/** smtp-server hides the socket of a session; a fault that drops the connection finds it by its port. */
function rememberSockets(server: SMTPServer): (session: SMTPServerSession) => () => void {
  const sockets = new Map<number, Socket>();
  server.server.on('connection', (socket: Socket) => {
    const port = socket.remotePort ?? 0;
    sockets.set(port, socket);
    socket.once('close', () => sockets.delete(port));
  });
  return (session) => () => sockets.get(session.remotePort)?.destroy();
}
