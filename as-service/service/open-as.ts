// Locks a data folder and opens the AS in it, for the service and for the CLI.
import { existsSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import type { PasswordKey } from '#protocol/vault/passphrase.ts';
import { openLogFile } from '../audit-log/log-file.ts';
import { type HeldByOther, lockFolder } from '../storage/folder-lock.ts';
import { Sealer } from '../storage/sealer.ts';
import { loadSealingKey, type SealingKey } from '../storage/sealing-key.ts';
import { As, LOG_FILE } from './as.ts';
import { STATE_FILE } from './choose-state.ts';

export interface OpenOptions {
  readonly directory: string;
  readonly keyFile: string;
  readonly sealingKey: string | undefined;
  readonly demo: boolean;
  /** Whether to start even if the newest log entry is far ahead of the clock. */
  readonly acceptClock?: boolean;
  /** Derives the key of a vault from its passphrase. By default in this thread. */
  readonly derive?: PasswordKey;
  /** Receives each connection of the CLI. */
  readonly onConnection: Parameters<typeof lockFolder>[1];
}

export interface AsHandle {
  readonly as: As;
  readonly keySource: SealingKey['source'];
  /** Closes the AS and releases the lock. */
  close(): Promise<void>;
}

/** @throws UserError when the folder cannot be locked or opened */
export async function openAs(options: OpenOptions): Promise<AsHandle | HeldByOther> {
  const { directory, keyFile, sealingKey, demo, derive, acceptClock = false } = options;
  const lock = await lockFolder(directory, options.onConnection);
  if ('socketPath' in lock) return lock;
  try {
    if (process.platform !== 'win32') await chmod(directory, 0o700);
    const sealedDataExists = [STATE_FILE, LOG_FILE].some((name) => existsSync(join(directory, name)));
    const { key, source } = await loadSealingKey({ environment: sealingKey, path: keyFile, sealedDataExists });
    const sealer = new Sealer(key);
    const logFile = await openLogFile(join(directory, LOG_FILE)).catch((cause: unknown) => {
      sealer.close();
      throw cause;
    });
    const now = () => new Date();
    const derives = derive === undefined ? {} : { derive };
    const as = await As.open({ directory, sealer, logFile, demoMode: demo, now, acceptClock, ...derives });
    return {
      as,
      keySource: source,
      close: async () => {
        await as.close();
        await lock.release();
      },
    };
  } catch (cause) {
    await lock.release();
    throw cause;
  }
}
