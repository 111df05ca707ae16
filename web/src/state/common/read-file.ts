// Reads the files that the operator opens: lists, orders, vaults and reports.
import { FileError } from '#protocol/errors.ts';
import { decodeFile } from '#protocol/text/decode-file.ts';

/** A file that the operator chose or dropped. */
export type OpenedFile = Pick<File, 'name' | 'size' | 'arrayBuffer'>;

/** More than the report of the largest order. */
const MAX_BYTES = 128 * 1024 * 1024;

/**
 * The text of a file. @throws FileError for a file that is not text, not whole, too long or gone
 */
export async function readFile(file: OpenedFile): Promise<string> {
  if (file.size > MAX_BYTES) throw new FileError('This file is too long.', 'Choose another file');
  let content: ArrayBuffer;
  try {
    content = await file.arrayBuffer();
  } catch (cause) {
    // NotReadableError, NotFoundError: the file was moved or changed, or is not on this computer
    // yet.
    throw new FileError('The browser cannot read this file.', 'Open it again', { cause });
  }
  return decodeFile(new Uint8Array(content));
}
