// Reads the files that the operator opens: lists, orders, vaults and reports.
import { FileError } from '#protocol/errors.ts';
import { decodeFile } from '#protocol/text/decode-file.ts';
import { t } from '../../text/t.ts';

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
  if (file.size > MAX_BYTES) throw new FileError(t`This file is too long.`, t`Choose another file`);
  let content: ArrayBuffer;
  try {
    content = await file.arrayBuffer();
  } catch (cause) {
    // NotReadableError or NotFoundError: the file was moved or changed, or its content is still in
    // a cloud folder.
    throw new FileError(t`The browser cannot read this file.`, t`Open the file again`, { cause });
  }
  return decodeFile(new Uint8Array(content));
}
