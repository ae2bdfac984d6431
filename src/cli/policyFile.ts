import { openPolicyFile } from '../policyFile/policyFile.js';
import type { LoadedPolicy } from '../policyFile/policyReading.js';

/** The policy file of the environment, for commands that need no other settings. */
export function policyPath(): string {
  const { POLICY_FILE } = process.env;
  return POLICY_FILE === undefined || POLICY_FILE === '' ? 'policies/partners.json' : POLICY_FILE;
}

/** @throws {PolicyError} */
export async function loadPolicy(path: string): Promise<LoadedPolicy> {
  const file = await openPolicyFile(path);
  file.close();
  return file.current();
}
