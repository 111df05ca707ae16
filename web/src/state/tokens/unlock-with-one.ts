// Unlocks a vault with the first of several secrets that opens it.
import { type Bytes, wipe } from '#protocol/bytes/bytes.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type { VaultClient } from '../../vault-worker/client.ts';
import type { Opener } from '../../vault-worker/messages.ts';

/** Tries each secret until one unlocks the vault. @throws ProtocolError of the last try */
export async function unlockWithOne(
  client: VaultClient,
  id: string,
  by: Opener['by'],
  secrets: readonly Bytes[],
  roots: readonly Bytes[],
): Promise<void> {
  try {
    for (const [index, secret] of secrets.entries()) {
      try {
        await client.unlock(id, { by, secret }, roots);
        return;
      } catch (error) {
        const isWrong = error instanceof ProtocolError && error.code === 'passphrase-wrong';
        if (!isWrong || index === secrets.length - 1) throw error;
      }
    }
  } finally {
    // Wipes the secrets that were not tried. The others were transferred to the worker, which wipes
    // them; here their length is now 0.
    wipe(...secrets.filter(({ length }) => length > 0));
  }
}
