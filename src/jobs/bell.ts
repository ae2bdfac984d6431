/** Wakes a loop of this process; loops of other instances find the same work at their next poll. */
export type Bell = {
  /** Says that work has been committed in this process, so that it need not wait for the next poll. */
  announce(): void;
  /** Waits for an announcement, at most `ms`. One that came while nobody rested ends the next rest at once. */
  rest(ms: number): Promise<void>;
};

/** A bell for one loop. */
export function createBell(): Bell {
  let announced = false;
  let wake: (() => void) | null = null;
  return {
    announce() {
      announced = true;
      wake?.();
    },
    async rest(ms) {
      if (!announced) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      wake = null;
      announced = false;
    },
  };
}
