// Encodes an initial RAM disk for the kernel as a "newc" archive of cpio(5), with files and
// folders.
import { hexNumber } from '#protocol/bytes/hex.ts';

export interface Entry {
  /** Path without a leading slash. */
  readonly path: string;
  /** Undefined for a folder. */
  readonly content?: Uint8Array;
  readonly isExecutable?: boolean;
}

const FOLDER = 0o040755;
const FILE = 0o100644;
const PROGRAM = 0o100755;
const TRAILER = 'TRAILER!!!';
const ALIGNMENT = 4;

/** @param entries the entries; each folder precedes the files in it */
export function encodeCpio(entries: readonly Entry[]): Uint8Array {
  const parts = entries.map((entry, index) => encodeEntry(index + 1, entry));
  return Buffer.concat([...parts, encodeEntry(0, { path: TRAILER, content: new Uint8Array(0) })]);
}

function encodeEntry(inode: number, { path, content, isExecutable }: Entry): Uint8Array {
  const mode = content === undefined ? FOLDER : isExecutable ? PROGRAM : FILE;
  const name = Buffer.from(`${path}\0`);
  const fields = [inode, mode, 0, 0, 1, 0, content?.length ?? 0, 0, 0, 0, 0, name.length, 0];
  const head = Buffer.from(`070701${fields.map((field) => hexNumber(field, 8)).join('')}`);
  return Buffer.concat([padded(Buffer.concat([head, name])), padded(Buffer.from(content ?? new Uint8Array(0)))]);
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((ALIGNMENT - (bytes.length % ALIGNMENT)) % ALIGNMENT)]);
}
