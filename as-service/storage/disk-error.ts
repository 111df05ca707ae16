// Sentences for errors of the disk that holds the data folder.
import { UserError } from '../common/user-error.ts';
import { isSystemError } from './atomic-file.ts';

/** For each error code of the system, what is wrong and what the administrator must do. */
const SENTENCES: Readonly<Record<string, string>> = {
  ENOSPC: 'The disk of the data folder is full. Make room on it',
  EDQUOT: 'The disk quota of this user is used up. Make room, or have it raised',
  EROFS: 'The disk of the data folder is read-only. Check the disk and how it is mounted',
  EIO: 'The disk of the data folder reported an error (EIO). Check the disk',
  EACCES: 'This user may not write in the data folder. Check its owner and mode',
  EPERM: 'This user may not write in the data folder. Check its owner and mode',
  EMFILE: 'This process has too many files open. Raise its limit of open files',
  ENFILE: 'This machine has too many files open. Close other programs',
};

/** Returns the sentence for an error of the disk, which may be `cause` or one of its causes. */
export function describeDiskError(cause: unknown): string | undefined {
  for (let each = cause; each instanceof Error; each = each.cause) {
    const code = Object.keys(SENTENCES).find((code) => isSystemError(each, code));
    if (code !== undefined) return SENTENCES[code];
  }
  return undefined;
}

/**
 * Converts an error of the disk to a UserError whose message ends with the sentence `consequence`.
 * Returns a UserError, and any other error, unchanged.
 */
export function diskRefusal(cause: unknown, consequence: string): unknown {
  const sentence = cause instanceof UserError ? undefined : describeDiskError(cause);
  return sentence === undefined ? cause : new UserError(`${sentence}, then retry. ${consequence}`, { cause });
}
