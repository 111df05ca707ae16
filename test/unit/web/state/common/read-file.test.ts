// Files that the operator opens: the text of a file, and the refusal of a file that is too long or
// gone.
import { expect, it } from 'vitest';
import { utf8 } from '#protocol/bytes/text.ts';
import { FileError } from '#protocol/errors.ts';
import { type OpenedFile, readFile } from '#web/state/common/read-file.ts';

const MAX_BYTES = 134_217_728;
const file = (size: number, arrayBuffer: OpenedFile['arrayBuffer']): OpenedFile => ({
  ...{ name: 'units.csv', size, arrayBuffer },
});

it('is read as text, up to 128 MiB', async () => {
  const opened = file(MAX_BYTES, async () => new Uint8Array(utf8('SN\n')).buffer);
  expect(await readFile(opened)).toBe('SN\n');
});

it('is refused when it is longer, before it is read', async () => {
  const opened = file(MAX_BYTES + 1, () => expect.fail('was read'));
  await expect(readFile(opened)).rejects.toThrow(new FileError('This file is too long.', 'Choose another file'));
});

it('that is gone is to be opened again, and the cause is kept', async () => {
  const cause = new DOMException('gone', 'NotFoundError');
  const refused = readFile(file(1, () => Promise.reject(cause)));
  await expect(refused).rejects.toMatchObject({ remedy: 'Open the file again', cause });
  await expect(refused).rejects.toBeInstanceOf(FileError);
});
