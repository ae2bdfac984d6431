import process from 'node:process';

/** Suites fail in a hundred ways without the trust and the database that `runJest.ts` prepares. */
export default function checkStart() {
  if (process.env.NODE_EXTRA_CA_CERTS?.endsWith('trust.pem')) return;
  throw new Error(
    'Start the tests with `npm test -- test/path/of/a.test.ts`: jest alone lacks the trust in the simulator.',
  );
}
