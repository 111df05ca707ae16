// Detects a file whose end is missing, for example after an incomplete copy or download.
import { FileError } from '../errors.ts';
import { t } from './message.ts';

export const COPY_AGAIN = t`Copy or download the file again`;

/** True for JSON that opens an object or a list and does not close it. */
export function isCutShort(json: string): boolean {
  const text = json.trim();
  return (text.startsWith('{') && !text.endsWith('}')) || (text.startsWith('[') && !text.endsWith(']'));
}

export function cutShort(): FileError {
  return new FileError(t`This file is cut short.`, COPY_AGAIN);
}
