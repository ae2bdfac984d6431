import { setImmediate } from 'node:timers/promises';

const SLICE_MS = 20;

/** Calls `visit` for each item in turn and yields to the event loop every 20 ms: a large policy must not stall the portal. */
export async function eachInSlices<T>(
  items: Iterable<T>,
  visit: (item: T, index: number) => void,
): Promise<void> {
  let index = 0;
  let sliceEnds = performance.now() + SLICE_MS;
  for (const item of items) {
    visit(item, index++);
    if (performance.now() < sliceEnds) continue;
    await setImmediate();
    sliceEnds = performance.now() + SLICE_MS;
  }
}
