// Reads the files that the operator opens: lists, orders, vaults and reports.
import { FileError } from '#protocol/errors.ts';
import { decodeFile } from '#protocol/text/decode-file.ts';

/** A file that the operator chose or dropped. */
export type OpenedFile = Pick<File, 'name' | 'size' | 'arrayBuffer'>;

/** Maximum size of a file. The report of the largest order is smaller. */
const MAX_BYTES = 128 * 1024 * 1024;

/**
 * Returns the text of a file.
 * @throws FileError if the file is not text, is incomplete, is longer than 128 MiB or cannot be
 *   read
 */
export async function readFile(file: OpenedFile): Promise<string> {
  if (file.size > MAX_BYTES) throw new FileError('This file is too long.', 'Choose another file');
  let content: ArrayBuffer;
  try {
    content = await file.arrayBuffer();
  } catch (cause) {
    // NotReadableError or NotFoundError: the file was moved or changed, or its content is still in
    // a cloud folder.
    throw new FileError('The browser cannot read this file.', 'Open it again', { cause });
  }
  return decodeFile(new Uint8Array(content));
}
