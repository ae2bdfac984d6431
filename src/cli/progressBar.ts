export type Progress = { done: number; of: number };

/** Shows how far something is: a bar that stays in its place on a terminal, else a line every so often. */
export type ProgressBar = {
  show(progress: Progress): void;
  /** Writes something else, without spoiling the bar. */
  above(write: () => void): void;
  /** Takes the bar away. */
  end(): void;
};

const CELLS = 24;
const LINE_EVERY_MS = 10_000;
const CLEAR = '\r\u001b[K';

export function createProgressBar(out: NodeJS.WriteStream): ProgressBar {
  return out.isTTY ? onTerminal(out) : inLines(out);
}

function onTerminal(out: NodeJS.WriteStream): ProgressBar {
  const describe = describer();
  let shown = '';
  const draw = () => out.write(`${CLEAR}${shown}`);
  return {
    show(progress) {
      const share = progress.of === 0 ? 1 : progress.done / progress.of;
      const full = Math.round(share * CELLS);
      const text = `${'█'.repeat(full)}${'░'.repeat(CELLS - full)} ${describe(progress)}`;
      shown = text.slice(0, Math.max(1, out.columns - 1));
      draw();
    },
    above(write) {
      out.write(CLEAR);
      write();
      draw();
    },
    end() {
      shown = '';
      out.write(CLEAR);
    },
  };
}

function inLines(out: NodeJS.WriteStream): ProgressBar {
  const describe = describer();
  let last: { done: number; at: number } | null = null;
  return {
    show(progress) {
      const now = performance.now();
      if (last && (last.done === progress.done || now - last.at < LINE_EVERY_MS)) return;
      last = { done: progress.done, at: now };
      out.write(`${describe(progress)}\n`);
    },
    above: (write) => {
      write();
    },
    end: () => undefined,
  };
}

/** So long are the seconds over which the pace is taken. */
const PACE_MS = 20_000;

/** Says how far it is, how fast it goes, and how long it still takes. */
function describer(): (progress: Progress) => string {
  const samples: { done: number; at: number }[] = [];
  return ({ done, of }) => {
    const at = performance.now();
    samples.push({ done, at });
    while (samples.length > 2 && at - (samples[1]?.at ?? at) > PACE_MS) samples.shift();
    const [first = { done, at }] = samples;
    const perSecond = at > first.at ? (1000 * (done - first.done)) / (at - first.at) : 0;
    const pace =
      perSecond === 0
        ? []
        : [`${perSecond.toFixed(1)} a second`, `about ${timeOf((of - done) / perSecond)} left`];
    return [`${number(done)} of ${number(of)}`, ...pace].join(' · ');
  };
}

function timeOf(seconds: number): string {
  return seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.round(seconds / 60)} min`;
}

export function number(value: number): string {
  return value.toLocaleString('en');
}
