import { PolicyError, type PolicyFault } from './policyFault.js';
import {
  readContents,
  readPolicy,
  type LoadedPolicy,
  type PolicyCheck,
  type PolicyReading,
} from './policyReading.js';
import { fileStamp } from './textFile.js';

export { PolicyError } from './policyFault.js';
export type { LoadedPolicy } from './policyReading.js';

export type PolicyFileEvent =
  | { kind: 'loaded'; hash: string }
  | { kind: 'refused'; faults: PolicyFault[] }
  | { kind: 'unreadable'; message: string };

export type PolicyFileOptions = {
  /** Milliseconds from one look at the file to the next; 2000 unless told. */
  pollMs?: number;
  check?: PolicyCheck;
  /** Told once of each change, not of the first load. */
  onChange?: (event: PolicyFileEvent) => void;
};

/** A policy file that is kept in view. */
export type PolicyFile = {
  /** The newest good policy. A faulty, half-written or vanished file never takes its place. */
  current(): LoadedPolicy;
  /** Why the newest file is not the one in force; empty when it is. */
  faults(): PolicyFault[];
  /** Looks at the file now; resolves when a change has been taken or refused. */
  reload(): Promise<void>;
  close(): void;
};

/**
 * Loads a policy file and picks up its changes, and those of its terms, by polling: network shares report no events.
 * The timer does not keep the process alive, and one look ends before the next begins.
 *
 * @throws PolicyError with every fault when the file cannot be used now; later a faulty file only shows in `faults()`
 */
export async function openPolicyFile(path: string, options: PolicyFileOptions = {}): Promise<PolicyFile> {
  const { check = () => [] } = options;
  const reading = await readPolicy(path, check);
  if (reading.kind !== 'loaded') throw new PolicyError(path, faultsOf(reading));
  return new WatchedPolicyFile(path, { pollMs: 2000, onChange: () => undefined, ...options, check }, reading);
}

class WatchedPolicyFile implements PolicyFile {
  #newest: PolicyReading;
  #current: LoadedPolicy;
  #stamp: string | undefined;
  #looking: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(
    readonly path: string,
    readonly options: Required<PolicyFileOptions>,
    first: PolicyReading & { kind: 'loaded' },
  ) {
    this.#newest = first;
    this.#current = first.loaded;
    this.#pollLater();
  }

  current(): LoadedPolicy {
    return this.#current;
  }

  faults(): PolicyFault[] {
    return faultsOf(this.#newest);
  }

  reload(): Promise<void> {
    return this.#inTurn(() => this.#look());
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #pollLater(): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      void this.#inTurn(() => this.#lookIfTouched()).finally(() => {
        this.#pollLater();
      });
    }, this.options.pollMs).unref();
  }

  #inTurn(look: () => Promise<void>): Promise<void> {
    const result = this.#looking.then(look);
    this.#looking = result.catch(() => undefined);
    return result;
  }

  async #lookIfTouched(): Promise<void> {
    const stamp = await stampOf(this.path, this.#newest.termsPath);
    if (stamp !== undefined && stamp === this.#stamp) return;
    await this.#look();
    this.#stamp = stamp;
  }

  // The contents decide, not the times: a file that was only touched, or refused once already, is no news.
  async #look(): Promise<void> {
    const { contents, termsPath } = this.#newest;
    if ((await readContents(this.path, termsPath)) === contents) return;
    const reading = await readPolicy(this.path, this.options.check);
    if (this.#closed || reading.contents === contents) return;
    this.#newest = reading;
    if (reading.kind === 'loaded') this.#current = reading.loaded;
    this.options.onChange(eventOf(reading));
  }
}

async function stampOf(path: string, termsPath: string | null): Promise<string | undefined> {
  const stamps = [await fileStamp(path), termsPath === null ? '' : await fileStamp(termsPath)];
  return stamps.includes(undefined) ? undefined : stamps.join();
}

function faultsOf(reading: PolicyReading): PolicyFault[] {
  if (reading.kind === 'loaded') return [];
  if (reading.kind === 'refused') return reading.faults;
  return [{ path: '', message: `cannot be read: ${reading.message}` }];
}

function eventOf(reading: PolicyReading): PolicyFileEvent {
  if (reading.kind === 'loaded') return { kind: 'loaded', hash: reading.loaded.hash };
  if (reading.kind === 'refused') return { kind: 'refused', faults: reading.faults };
  return { kind: 'unreadable', message: reading.message };
}
