import http from 'node:http';
import https from 'node:https';
import { backChannel } from './backChannel.js';
import { ensureCertificate } from './certificate.js';
import { listenOnLoopback, type Listening } from './listen.js';
import { createPeopleApp } from './people/app.js';
import { seed } from './seed.js';
import type { Settings } from './settings.js';
import { createSmtpServer } from './smtp.js';
import { createTenant } from './tenant.js';

/** Long, because a connection closed while idle would look like a fault that no test ordered. */
const KEEP_ALIVE_MS = 65_000;

export type SimulatorOptions = {
  /** Ports; 0, the default, takes any that is free. */
  peoplePort?: number;
  httpsPort?: number;
  smtpPort?: number;
  /** The folder with the certificate of the HTTPS port and the key of the tokens; made when it is missing. */
  certificateDir: string;
  latencyMs?: number;
  replicationDelayMs?: number;
  /** Metadata names HTTPS addresses for signing in and out, on which a browser warns. */
  httpsSignIn?: boolean;
};

export type Simulator = {
  /** Pages for people and the control endpoint, plain HTTP. */
  peopleUrl: string;
  graphUrl: string;
  authorityUrl: string;
  smtpUrl: string;
  /** Clients of the HTTPS port trust this file. */
  caFile: string;
  tenantId: string;
  clientId: string;
  clientSecret: string;
  close(): Promise<void>;
};

/**
 * Starts a simulated Entra tenant on this machine: Graph and Entra on one HTTPS port, mailboxes by SMTP,
 * pages and control on HTTP. It listens on the loopback addresses only.
 */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const { key, cert, caFile } = await ensureCertificate(options.certificateDir);
  const tenant = await createTenant(options.certificateDir, chosenSettings(options));
  const people = createPeopleApp(tenant);

  const open: Listening[] = [];
  const close = async () => {
    await Promise.all(open.map((server) => server.close()));
  };
  try {
    const { peoplePort = 0, httpsPort = 0, smtpPort = 0 } = options;
    const pages = await listenOnLoopback(
      () => http.createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, people),
      peoplePort,
    );
    open.push(pages);
    const tls = { key, cert, keepAliveTimeout: KEEP_ALIVE_MS };
    const back = await listenOnLoopback(() => https.createServer(tls, backChannel(tenant)), httpsPort);
    open.push(back);
    const mail = await listenOnLoopback(() => createSmtpServer(tenant).server, smtpPort);
    open.push(mail);
    tenant.urls = {
      people: `http://localhost:${pages.port}`,
      backChannel: `https://localhost:${back.port}`,
      smtp: `smtp://localhost:${mail.port}`,
    };
  } catch (error) {
    await close();
    throw error;
  }
  return {
    peopleUrl: tenant.urls.people,
    graphUrl: tenant.urls.backChannel,
    authorityUrl: tenant.urls.backChannel,
    smtpUrl: tenant.urls.smtp,
    caFile,
    tenantId: seed.tenantId,
    clientId: seed.clientId,
    clientSecret: seed.clientSecret,
    close,
  };
}

function chosenSettings(options: SimulatorOptions): Partial<Settings> {
  const { latencyMs, replicationDelayMs, httpsSignIn } = options;
  return {
    ...(latencyMs !== undefined && { latencyMs }),
    ...(replicationDelayMs !== undefined && { replicationDelayMs }),
    ...(httpsSignIn !== undefined && { httpsSignIn }),
  };
}
