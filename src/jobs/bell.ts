/** Wakes the loops of this process that share a kind of work. Loops of other instances find the work at their next poll. */
export type Bell = {
  /** Announces work that this process has committed, so that it does not wait for the next poll. */
  announce(): void;
  /** Waits for an announcement, at most `ms`. An announcement that no loop was waiting for ends the next rest at once. */
  rest(ms: number): Promise<void>;
};

export function createBell(): Bell {
  let announced = false;
  const resting = new Set<() => void>();
  return {
    announce() {
      announced = resting.size === 0;
      for (const wake of resting) wake();
    },
    async rest(ms) {
      if (!announced) {
        await new Promise<void>((resolve) => {
          const wake = () => {
            clearTimeout(timer);
            resting.delete(wake);
            resolve();
          };
          const timer = setTimeout(wake, ms);
          resting.add(wake);
        });
      }
      announced = false;
    },
  };
}
