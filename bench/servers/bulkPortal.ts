import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import express from 'express';
import {
  built,
  createApp,
  createLog,
  endOnTerm,
  loadConfig,
  openDeps,
  startBackground,
  startSealer,
} from './builtPortal.js';

// The portal as `dist/server.js` starts it, and beside its pages what starts runs without a sign-in:
// POST /bench/preview with a CSV file, POST /bench/start/<run>, GET /bench/run/<run>, and GET /bench/held, what memory it needs.

const { previewSheet } = (await built('bulk/preview.js')) as typeof import('../../src/bulk/preview.js');
const { startRun } = (await built('bulk/runs.js')) as typeof import('../../src/bulk/runs.js');
const { findRun } = (await built('store/runs.js')) as typeof import('../../src/store/runs.js');
const { countRows } = (await built('store/runRows.js')) as typeof import('../../src/store/runRows.js');

const config = loadConfig(process.env);
const log = createLog(config.logLevel);
const deps = await openDeps(config, log);
const working = [startBackground(deps), startSealer({ db: deps.store.db, log })];

const choice = { grants: 'policy' as const, partner: null, mail: true, message: '' };
const app = express();
app.post('/bench/preview', express.raw({ type: () => true, limit: '10mb' }), async (req, res) => {
  const upload = { bytes: req.body as Buffer, name: 'people.csv', choice, by: 'command' };
  res.json(await previewSheet(deps, upload));
});
app.post('/bench/start/:id', async (req, res) => {
  res.json({ started: await startRun(deps, req.params.id, 'command') });
});
app.get('/bench/run/:id', async (req, res) => {
  const { id } = req.params;
  const counts = await countRows(deps.store.db, id);
  res.json({ state: (await findRun(deps.store.db, id))?.state, ...Object.fromEntries(counts) });
});
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
app.get('/bench/held', (_req, res) => {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  res.json({ mb: (heapUsed + external) / 2 ** 20 });
});
app.use(createApp(deps));
const server = app.listen(config.port);

endOnTerm(server, deps, working);
