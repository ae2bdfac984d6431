type ExpiringMap<Value> = {
  get(key: string): { value: Value; msLeft: number } | undefined;
  /** Keeps a value for `ms` milliseconds, in the place of the one before. */
  set(key: string, value: Value, ms: number): void;
  /** How many entries take up room, expired ones included. */
  size(): number;
};

/** With so few entries, expired ones are not looked for. */
const FEW = 1_000;

/**
 * A map whose entries expire by a monotonic clock. Expired ones are removed when there are twice as many entries as after the
 * last removal.
 */
export function createExpiringMap<Value>(): ExpiringMap<Value> {
  const entries = new Map<string, { value: Value; until: number }>();
  let roomFor = FEW;

  function removeExpired(): void {
    const now = performance.now();
    for (const [key, { until }] of entries) if (until <= now) entries.delete(key);
    roomFor = Math.max(FEW, 2 * entries.size);
  }

  return {
    get(key) {
      const entry = entries.get(key);
      const msLeft = entry ? entry.until - performance.now() : 0;
      return entry && msLeft > 0 ? { value: entry.value, msLeft } : undefined;
    },
    set(key, value, ms) {
      entries.set(key, { value, until: performance.now() + ms });
      if (entries.size > roomFor) removeExpired();
    },
    size: () => entries.size,
  };
}
