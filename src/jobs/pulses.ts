/** The sign of life of one loop. */
export type Pulse = {
  beat(): void;
  /** The loop has ended as planned, and is not expected to beat any more. */
  end(): void;
};

/** Signs of life of the background loops of this process. */
export type Pulses = {
  /** Begins a loop, with its first beat. */
  begin(name: string): Pulse;
  /** The names of the loops whose last beat is older than `ms`. */
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
