/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  globalSetup: './test/support/globalSetup.mjs',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': ['ts-jest', { useESM: true }] },
  // For a busy machine: whatever a test waits for has a limit of its own (test/support/waitFor.ts).
  testTimeout: 120_000,
  // More than there are processors: tests wait for the store and for the network a fifth of their time.
  maxWorkers: 3,
};
