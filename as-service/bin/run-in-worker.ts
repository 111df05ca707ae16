// Runs long computations in threads of their own, so that the service answers other requests
// meanwhile (ADR 0062): the key of a vault from its passphrase, and the parsing of long bodies.
import { extname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type Bytes, copy, wipe } from '#protocol/bytes/bytes.ts';
import type { Argon2Cost } from '#protocol/crypto/argon2.ts';
import type { PasswordKey } from '#protocol/vault/passphrase.ts';
import type { LongBody, ParseLong } from '../api/routes/long-bodies.ts';
import { Problem } from '../http/answer.ts';

export type WorkerJob =
  | { readonly kind: 'argon2id'; readonly password: Uint8Array; readonly salt: Uint8Array; readonly cost: Argon2Cost }
  | { readonly kind: 'body'; readonly body: LongBody; readonly content: Uint8Array };

export type WorkerAnswer = { readonly value: unknown } | { readonly refused: string };

/** Maximum size of the heap of a thread. A body that needs more is refused. */
const MAX_HEAP_MB = 256;
const TIMEOUT_MS = 60_000;

/** `program` is the path of the program. The build writes the script of the thread beside it. */
export function workersOf(program: string): { readonly derive: PasswordKey; readonly parseLong: ParseLong } {
  const script = join(program, '..', `worker${extname(program)}`);
  return {
    derive: async (password, salt, cost) => {
      const answer = await run(script, { kind: 'argon2id', password, salt, cost });
      if (!('value' in answer)) throw new TypeError('the thread refused a passphrase');
      const key = answer.value as Bytes;
      const own = copy(key);
      wipe(key);
      return own;
    },
    parseLong: async (body, content) => {
      const answer = await run(script, { kind: 'body', body, content });
      if ('value' in answer) return answer.value;
      throw new Problem('request-refused', answer.refused);
    },
  };
}

function run(script: string, job: WorkerJob): Promise<WorkerAnswer> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(script, { workerData: job, resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB } });
    const timer = setTimeout(() => end(() => reject(new Error('a thread took too long'))), TIMEOUT_MS);
    const end = (settle: () => void) => {
      clearTimeout(timer);
      void worker.terminate();
      settle();
    };
    worker.once('message', (answer: WorkerAnswer) => end(() => resolve(answer)));
    worker.once('error', (cause: NodeJS.ErrnoException) => {
      const isTooLarge = job.kind === 'body' && cause.code === 'ERR_WORKER_OUT_OF_MEMORY';
      const refused = 'The body needs too much memory. Send fewer units at a time.';
      end(() => (isTooLarge ? resolve({ refused }) : reject(cause)));
    });
    worker.once('exit', () => end(() => reject(new Error('a thread ended without an answer'))));
  });
}
