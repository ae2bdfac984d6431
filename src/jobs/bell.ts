/** Wakes loops of this process that share a work; loops of other instances find the same work at their next poll. */
export type Bell = {
  /** Says that work has been committed in this process, so that it need not wait for the next poll. */
  announce(): void;
  /** Waits for an announcement, at most `ms`. One that came while nobody rested ends the next rest at once. */
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
