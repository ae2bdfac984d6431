import { createExpiringMap } from '../store/expiringMap.js';

export type PassedChecks = {
  /**
   * Runs a check, unless one with this key has passed within the last two minutes. What it throws is not remembered.
   *
   * @param again whether to check in any case
   */
  unlessPassed(key: string, check: () => Promise<void>, again: boolean): Promise<void>;
};

const KEPT_MS = 120_000;

/** Remembers which groups and apps were fit for guests a moment ago, so that a launch, or a run, asks once for all its people. */
export function createPassedChecks(): PassedChecks {
  const passed = createExpiringMap<true>();
  return {
    async unlessPassed(key, check, again) {
      if (!again && passed.get(key)) return;
      await check();
      passed.set(key, true, KEPT_MS);
    },
  };
}
