// Runs commands of the service's command line in the process of a test.
import { type AdminRequest, runAdminRequest } from '#as-service/cli/admin-requests.ts';
import { readCommandLine } from '#as-service/cli/command-line.ts';
import type { As } from '#as-service/service/as.ts';

/** Runs an admin command. Returns the lines that the command line would print. */
export async function runCommand(as: As, ...args: string[]): Promise<readonly string[]> {
  const line = readCommandLine(args);
  if (!('request' in line)) throw new TypeError('not a command');
  return runAdminRequest(as, 'cli test', line.request as AdminRequest);
}
