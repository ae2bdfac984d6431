import { writeFile } from 'node:fs/promises';
import type { TestPortal } from './portal.js';

/** Writes a policy over the one in force and has it read at once; throws when it is refused. */
export async function putPolicy({ policyFile, deps }: TestPortal, policy: object): Promise<void> {
  const text = JSON.stringify(policy);
  await writeFile(policyFile, text);
  await deps.policy.reload();
  if (deps.policy.current().text !== text) throw new Error(`The policy is faulty: ${text}`);
}
