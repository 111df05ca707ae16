// Does long computations for the service in a thread of its own, one computation per thread.
// bin/run-in-worker.ts starts the thread.
import { parentPort, workerData } from 'node:worker_threads';
import { wipe } from '#protocol/bytes/bytes.ts';
import { argon2id } from '#protocol/crypto/argon2.ts';
import { parseLongBody } from '../api/routes/long-bodies.ts';
import { Problem } from '../http/answer.ts';
import type { WorkerAnswer, WorkerJob } from './run-in-worker.ts';

async function run(job: WorkerJob): Promise<WorkerAnswer> {
  if (job.kind === 'argon2id') {
    try {
      return { value: await argon2id(job.password, job.salt, job.cost) };
    } finally {
      wipe(job.password);
    }
  }
  try {
    return { value: parseLongBody(job.body, job.content) };
  } catch (cause) {
    if (cause instanceof Problem) return { refused: cause.message };
    throw cause;
  }
}

const answer = await run(workerData as WorkerJob);
parentPort?.postMessage(answer);
