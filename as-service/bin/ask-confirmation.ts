// Asks for the name of an object before the CLI destroys it.
import { createInterface } from 'node:readline';
import type { AdminRequest } from '../cli/admin-requests.ts';

const QUESTION = 'This cannot be undone. Type the name of the object to confirm: ';

/** Reads the name from standard input if the request needs it. Leaves other requests as they are. */
export async function askConfirmation(request: AdminRequest): Promise<AdminRequest> {
  if (!('confirmation' in request) || request.confirmation !== null) return request;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const confirmation = await new Promise<string>((resolve) => {
      terminal.question(QUESTION, resolve);
      // Standard input ends without an answer. The AS then refuses, and shows the name.
      terminal.once('close', () => resolve(''));
    });
    return { ...request, confirmation };
  } finally {
    terminal.close();
  }
}
