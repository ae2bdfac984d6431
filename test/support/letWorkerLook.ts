import { waitFor } from './waitFor.js';
import type { TestPortal } from './portal.js';

/** Waits until the portal's worker has looked for work after this call. */
export async function letWorkerLook({ deps }: TestPortal): Promise<void> {
  const called = performance.now();
  deps.bell.announce();
  // A beat comes right before each look, so the second one shows that a look is over.
  await waitFor('the worker to look', () => {
    const age = performance.now() - called;
    return age > 300 && !deps.pulses.late(100).includes('requests');
  });
}
