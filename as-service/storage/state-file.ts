// Reads the sealed state file at the start, and replaces the whole file at each change.
import { wipe } from '#protocol/bytes/bytes.ts';
import { IntegrityError } from '#protocol/errors.ts';
import { UserError } from '../common/user-error.ts';
import { readFileIfThere, replaceFile } from './atomic-file.ts';
import type { Sealer } from './sealer.ts';
import { decodeState, encodeState, type State } from './state.ts';

/** Undefined when the file does not exist. @throws UserError when the key does not open it */
export async function readState(path: string, sealer: Sealer): Promise<State | undefined> {
  const sealed = await readFileIfThere(path);
  if (sealed === undefined) return undefined;
  let plaintext: Uint8Array | undefined;
  try {
    plaintext = sealer.openState(sealed);
    return decodeState(plaintext);
  } catch (cause) {
    if (!(cause instanceof IntegrityError)) throw cause;
    throw new UserError(
      `The sealing key does not open ${path}: the key belongs to another service, or the file was changed. Nothing was modified.`,
      { cause },
    );
  } finally {
    wipe(plaintext);
  }
}

export async function writeState(path: string, sealer: Sealer, state: State): Promise<void> {
  const plaintext = encodeState(state);
  try {
    await replaceFile(path, sealer.sealState(plaintext));
  } finally {
    wipe(plaintext);
  }
}
