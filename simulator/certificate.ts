import { X509Certificate, randomUUID } from 'node:crypto';
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

const DAY_MS = 24 * 60 * 60 * 1000;
const LIFETIME_MS = 820 * DAY_MS; // Apple and others refuse server certificates of more than 825 days.

export type Certificate = { key: string; cert: string; caFile: string };

/**
 * Reuses the certificate in `dir`, or makes one for localhost, 127.0.0.1 and ::1.
 *
 * Each certificate has a folder of its own, named after the day on which it ends and put in place by one rename. So two
 * processes that start together end up with the same certificate, and no reader sees a key without its certificate.
 *
 * @returns the PEM texts and the file to trust (for NODE_EXTRA_CA_CERTS)
 */
export async function ensureCertificate(dir: string): Promise<Certificate> {
  await mkdir(dir, { recursive: true });
  const existing = await findValid(dir);
  if (existing) return existing;

  const ends = new Date(Date.now() + LIFETIME_MS);
  const target = join(dir, `until-${ends.toISOString().slice(0, 10)}`);
  const draft = join(dir, `draft-${randomUUID()}`);
  await writeCertificate(draft, ends);
  try {
    await rename(draft, target);
  } catch {
    await rm(draft, { recursive: true, force: true }); // another process was first: use its certificate
  }
  return read(target);
}

async function findValid(dir: string): Promise<Certificate | undefined> {
  const folders = (await readdir(dir)).filter((name) => name.startsWith('until-')).sort();
  for (const folder of folders.reverse()) {
    const certificate = await read(join(dir, folder));
    const ends = Date.parse(new X509Certificate(certificate.cert).validTo);
    if (ends > Date.now() + DAY_MS) return certificate;
  }
  return undefined;
}

async function read(folder: string): Promise<Certificate> {
  const caFile = resolve(folder, 'cert.pem');
  return {
    key: await readFile(join(folder, 'key.pem'), 'utf8'),
    cert: await readFile(caFile, 'utf8'),
    caFile,
  };
}

async function writeCertificate(folder: string, notAfterDate: Date): Promise<void> {
  const { generate } = await import('selfsigned'); // 200 modules, and a certificate is made once in two years
  const pems = await generate([{ name: 'commonName', value: 'Simulated tenant' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notAfterDate,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true }, // its own authority: clients trust this file
      { name: 'keyUsage', digitalSignature: true, keyCertSign: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
          { type: 7, ip: '::1' },
        ],
      },
    ],
  });
  await mkdir(folder, { mode: 0o700 });
  await writeFile(join(folder, 'key.pem'), pems.private, { mode: 0o600 });
  await writeFile(join(folder, 'cert.pem'), pems.cert, { mode: 0o600 });
}
