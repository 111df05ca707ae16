// Writes new files for the administrator: reports, vaults and device keys.
import { UserError } from '../common/user-error.ts';
import { isSystemError, writeNewFile } from './atomic-file.ts';

/**
 * Writes a new file of mode 0600.
 * @throws UserError when the file exists
 */
export async function writeOutputFile(path: string, content: Uint8Array): Promise<void> {
  try {
    await writeNewFile(path, content);
  } catch (cause) {
    throw isSystemError(cause, 'EEXIST') ? existingFile(path) : cause;
  }
}

export function existingFile(path: string): UserError {
  return new UserError(`${path} already exists and is not overwritten.`);
}
