// Which room may import which: `npx depcruise src simulator test bench`. Type-only imports count as imports.

/** From the top down. A room imports rooms of its own floor and of the floors below it. */
const FLOORS = [
  ['app.ts', 'background.ts', 'cli/', 'server.ts'],
  ['pages/'],
  ['http/'],
  ['administration/', 'audit/', 'bulk/', 'guests/', 'licences/', 'privacy/', 'requests/'],
  // Makes what the use cases work with, from what lies below.
  ['deps.ts'],
  ['doctor/'],
  ['jobs/'],
  ['entra/', 'graph/', 'mail/', 'policyFile/', 'store/', 'telemetry/'],
  ['access/'],
  // What every room needs: settings, log, errors, and the policy, which is pure.
  ['(?!deps\\.ts|app\\.ts|background\\.ts|server\\.ts)[^/]+\\.ts', 'policy/'],
];

const TOP = FLOORS[0].map((file) => `^src/${file}`);

const upward = FLOORS.slice(1).map((rooms, index) => ({
  name: `up-from-${rooms.at(-1).replace('/', '')}`,
  comment: `Imports go down: ${rooms.join(', ')} must not know the rooms above.`,
  severity: 'error',
  from: { path: rooms.map((room) => `^src/${room}`), pathNot: TOP },
  to: { path: FLOORS.slice(0, index + 1).flatMap((above) => above.map((room) => `^src/${room}`)) },
}));

export default {
  forbidden: [
    {
      name: 'no-circles',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'room-without-a-floor',
      severity: 'error',
      from: { path: '^src/', pathNot: FLOORS.flat().map((room) => `^src/${room}`) },
      to: {},
    },
    ...upward,
    {
      name: 'deps-as-a-type',
      comment: 'Only the process makes Deps. A use case names in a type what it needs of it.',
      severity: 'error',
      from: { path: '^src/', pathNot: TOP },
      to: { path: '^src/deps\\.ts$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'pages-only-for-app',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(pages/|app\\.ts$)' },
      to: { path: '^src/pages/' },
    },
    {
      name: 'policy-is-pure',
      comment: 'policy/ imports nothing of ours and reads no disk.',
      severity: 'error',
      from: { path: '^src/policy/' },
      to: { path: ['^src/(?!policy/)', '^(node:)?fs(/promises)?$'] },
    },
    {
      name: 'no-web-below-http',
      comment: 'The worker and the use cases know no web server.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(http/|pages/|app\\.ts$)' },
      to: {
        path: 'node_modules/(@types/)?(cookie-parser|csrf-csrf|express|express-session|helmet|passport)/',
      },
    },
    {
      name: 'product-stands-alone',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(simulator|test|bench)/' },
    },
    {
      name: 'simulator-stands-alone',
      comment: 'The demo starts the portal as a process: it does not import it.',
      severity: 'error',
      from: { path: '^simulator/' },
      to: { path: '^(src|test|bench)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
  },
};
