import type { PolicyFault } from '../policy/policyFault.js';
import { PolicyError } from './faultTexts.js';
import {
  eventOf,
  faultsOf,
  readContents,
  readPolicy,
  readPolicyText,
  type LoadedPolicy,
  type PolicyCheck,
  type PolicyFileEvent,
  type PolicyReading,
} from './policyReading.js';
import { writable, type Writable } from './replaceFile.js';
import { savePolicyFile } from './savePolicyFile.js';
import { asTextFile, fileStamp } from './textFile.js';

export type PolicyFileOptions = {
  /** Milliseconds from one look at the file to the next; 2000 by default. */
  pollMs?: number;
  check?: PolicyCheck;
  /** Called once for each change, not for the first load. */
  onChange?: (event: PolicyFileEvent) => void;
};

/** A policy file that is watched. */
export type PolicyFile = {
  /** The newest good policy. A faulty, half-written or vanished file never takes its place. */
  current(): LoadedPolicy;
  /** Why the newest file is not in force; empty when it is. */
  faults(): PolicyFault[];
  /** The file's newest text, whether it is in force or was refused; null when it could not be read. */
  newest(): { text: string; hash: string } | null;
  /** Looks at the file now; resolves when a change has been loaded or refused. */
  reload(): Promise<void>;
  /**
   * Reads a draft as if it were in the file, with `terms`, contents by file name, instead of those on disk. Changes nothing.
   */
  readDraft(text: string, terms?: Record<string, string>): Promise<PolicyReading>;
  /**
   * Writes a draft that {@link readDraft} accepted to the file, with its terms, and puts it in force.
   *
   * @param base SHA-256 of the file that the draft was made from
   * @returns why a power cut might still undo it (`unsynced`), or null: it is saved in either case
   * @throws {PolicyChanged} when the file has changed since
   * @throws {PolicyReadOnly} when the file cannot be replaced
   */
  save(reading: PolicyReading & { kind: 'loaded' }, base: string): Promise<{ unsynced: unknown }>;
  writable(): Promise<Writable>;
  close(): void;
};

/**
 * Loads a policy file and picks up changes to it and to its terms by polling, because network shares report no events.
 * The timer does not keep the process alive, and one look ends before the next begins.
 *
 * @throws PolicyError with every fault when the file cannot be used now; later faults only show in `faults()`
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

  newest(): { text: string; hash: string } | null {
    return this.#newest.file;
  }

  readDraft(text: string, terms?: Record<string, string>): Promise<PolicyReading> {
    return readPolicyText(this.path, asTextFile(text), this.options.check, terms);
  }

  save(reading: PolicyReading & { kind: 'loaded' }, base: string): Promise<{ unsynced: unknown }> {
    return this.#inTurn(async () => {
      const saved = await savePolicyFile(this.path, reading, base);
      this.#newest = reading;
      this.#current = reading.loaded;
      return saved;
    });
  }

  writable(): Promise<Writable> {
    return writable(this.path);
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

  #inTurn<T>(look: () => Promise<T>): Promise<T> {
    const result = this.#looking.then(look);
    this.#looking = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  }

  async #lookIfTouched(): Promise<void> {
    const stamp = await stampOf(this.path, this.#newest.termsPaths);
    if (stamp !== undefined && stamp === this.#stamp) return;
    await this.#look();
    this.#stamp = stamp;
  }

  // The contents count, not the times: a file that was only touched, or was refused already, is not a change.
  async #look(): Promise<void> {
    const { contents, termsPaths } = this.#newest;
    if ((await readContents(this.path, termsPaths)) === contents) return;
    const reading = await readPolicy(this.path, this.options.check);
    if (this.#closed || reading.contents === contents) return;
    this.#newest = reading;
    if (reading.kind === 'loaded') this.#current = reading.loaded;
    this.options.onChange(eventOf(reading));
  }
}

async function stampOf(path: string, termsPaths: readonly string[]): Promise<string | undefined> {
  const stamps = await Promise.all([path, ...termsPaths].map(fileStamp));
  return stamps.includes(undefined) ? undefined : stamps.join();
}
