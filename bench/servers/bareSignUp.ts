import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import express from 'express';
import pg from 'pg';

// What `POST /sign-up` is compared with: Express, its form parser and the driver alone. One transaction inserts the same
// three rows into the same tables, and the answer is the same redirect to a random page. Nothing is checked, decided,
// counted or logged, and nothing stands between the handler and the driver.

type Form = Record<'email' | 'firstName' | 'lastName' | 'company' | 'reason', string>;
type Query = (text: string, values: unknown[]) => Promise<unknown>;
type Database = {
  transaction(work: (query: Query) => Promise<void>): Promise<void>;
  close(): Promise<void>;
};

/** As long as what the portal stores of its decision. */
const DECISION = JSON.stringify({
  outcome: 'invite',
  partner: 'fabrikam',
  rule: { kind: 'domain', value: 'fabrikam.com', partner: 'fabrikam' },
  grants: {
    groups: ['partners', 'crm'].map((key) => ({ key, id: randomUUID(), name: `Group ${key}` })),
    appRoles: [],
  },
  reasons: [{ code: 'partner.domain' }],
});
const POLICY_HASH = createHash('sha256').update(DECISION).digest('hex');

function openPostgres(connectionString: string): Database {
  const pool = new pg.Pool({ connectionString, max: 10 });
  return {
    async transaction(work) {
      const client = await pool.connect();
      try {
        await client.query('begin');
        await work((text, values) => client.query(text, values));
        await client.query('commit');
      } finally {
        client.release();
      }
    },
    close: () => pool.end(),
  };
}

async function openEmbedded(folder: string): Promise<Database> {
  const pglite = await PGlite.create(folder);
  return {
    transaction: (work) => pglite.transaction((trx) => work((text, values) => trx.query(text, values))),
    close: () => pglite.close(),
  };
}

async function accept(query: Query, form: Form): Promise<string> {
  const id = randomUUID();
  const token = randomBytes(16).toString('base64url');
  const hash = createHash('sha256').update(token).digest();
  await query(
    `insert into request (id, token_hash, address, first_name, last_name, company, reason, language, partner,
       decision, policy_hash, state, due_at)
     values ($1, $2, $3, $4, $5, $6, $7, 'en', 'fabrikam', $8, $9, 'queued', now())`,
    [id, hash, form.email, form.firstName, form.lastName, form.company, form.reason, DECISION, POLICY_HASH],
  );
  await query(`insert into submission (token_hash, request_id) values ($1, $2)`, [hash, id]);
  await query(
    `insert into audit_event (request_id, actor, action, detail) values ($1, 'partner', 'request.submitted', $2)`,
    [id, JSON.stringify({ state: 'queued', partner: 'fabrikam', policy: POLICY_HASH, acceptedTerms: null })],
  );
  return token;
}

const { DATABASE_URL, DATA_DIR = '', PORT } = process.env;
const database = DATABASE_URL ? openPostgres(DATABASE_URL) : await openEmbedded(join(DATA_DIR, 'store'));
const app = express();
app.post('/sign-up', express.urlencoded({ extended: false }), async (req, res) => {
  let token = '';
  await database.transaction(async (query) => {
    token = await accept(query, req.body as Form);
  });
  res.redirect(303, `/requests/${token}`);
});
app.get('/readyz', async (_req, res) => {
  await database.transaction(async (query) => {
    await query('select 1', []);
  });
  res.end();
});
app.listen(Number(PORT), '127.0.0.1');
process.once('SIGTERM', () => {
  void database.close().then(() => process.exit(0));
});
