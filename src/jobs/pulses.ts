/** The sign of life of one loop. */
export type Pulse = {
  beat(): void;
  /** The loop has ended as it should: nobody waits for it any more. */
  end(): void;
};

/** Signs of life of the loops without which nothing goes on behind the pages of this process. */
export type Pulses = {
  /** A loop begins; its beginning is its first beat. */
  begin(name: string): Pulse;
  /** Names of the loops that have not been heard of for `ms`. */
  late(ms: number): string[];
};

export function createPulses(): Pulses {
  const beats = new Map<symbol, { name: string; at: number }>();
  return {
    begin(name) {
      const key = Symbol(name);
      const beat = () => void beats.set(key, { name, at: performance.now() });
      beat();
      return { beat, end: () => void beats.delete(key) };
    },
    late: (ms) => [...beats.values()].filter(({ at }) => performance.now() - at > ms).map(({ name }) => name),
  };
}
