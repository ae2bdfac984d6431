import { fill } from '/root/m/w/policy/test/support/formOf.js';
import { startPortal } from '/root/m/w/policy/test/support/portal.js';
const portal = await startPortal({ worker: false });
try {
  const ada = await portal.staff('ada');
  const { status } = await fill(ada, '/admin/partners/fabrikam', { name: 'X' });
  console.log(status, JSON.stringify(portal.logged().filter((l) => l.level === 'error'), null, 1).slice(0, 2500));
} finally { await portal.close(); process.exit(0); }
