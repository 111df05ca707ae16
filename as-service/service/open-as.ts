// Claims a data folder and opens the AS in it: what the service and the CLI do alike.
import { existsSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { openLogFile } from '../audit-log/log-file.ts';
import { claimDirectory, type Held } from '../storage/folder-lock.ts';
import { Sealer } from '../storage/sealer.ts';
import { loadSealingKey, type SealingKey } from '../storage/sealing-key.ts';
import { As, LOG_FILE, STATE_FILE } from './as.ts';

export interface OpenOptions {
  readonly directory: string;
  readonly keyFile: string;
  readonly sealingKey: string | undefined;
  readonly demo: boolean;
  /** What to do with a connection of the CLI. */
  readonly onConnection: Parameters<typeof claimDirectory>[1];
}

export interface Opened {
  readonly as: As;
  readonly keySource: SealingKey['source'];
  close(): Promise<void>;
}

/** @throws UserError in words */
export async function openAs(options: OpenOptions): Promise<Opened | Held> {
  const { directory, keyFile, sealingKey, demo } = options;
  const claim = await claimDirectory(directory, options.onConnection);
  if ('socketPath' in claim) return claim;
  try {
    if (process.platform !== 'win32') await chmod(directory, 0o700);
    const sealedDataExists = [STATE_FILE, LOG_FILE].some((name) => existsSync(join(directory, name)));
    const { key, source } = await loadSealingKey({ environment: sealingKey, path: keyFile, sealedDataExists });
    const logFile = await openLogFile(join(directory, LOG_FILE));
    const as = await As.open({ directory, sealer: new Sealer(key), logFile, demoMode: demo, now: () => new Date() });
    return {
      as,
      keySource: source,
      close: async () => {
        await as.close();
        await claim.release();
      },
    };
  } catch (cause) {
    await claim.release();
    throw cause;
  }
}
