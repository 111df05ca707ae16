// A file that only grows, as the audit log sees it. Tests put one of their own in its place to prove the order write, sync, answer.
import { open } from 'node:fs/promises';

export interface LogFile {
  /** Bytes in the file when it was opened. */
  readonly size: number;
  /** All octets, at the end. */
  append(content: Uint8Array): Promise<void>;
  /** What was appended would survive the loss of power. */
  sync(): Promise<void>;
  read(offset: number, length: number): Promise<Uint8Array>;
  /** Cuts the end off, durably. */
  truncate(size: number): Promise<void>;
  close(): Promise<void>;
}

export async function openLogFile(path: string): Promise<LogFile> {
  const file = await open(path, 'a+', 0o600);
  const { size } = await file.stat();
  return {
    size,
    append: (content) => file.appendFile(content),
    sync: () => file.datasync(),
    read: async (offset, length) => {
      const buffer = Buffer.alloc(length);
      const { bytesRead } = await file.read(buffer, 0, length, offset);
      return buffer.subarray(0, bytesRead);
    },
    truncate: async (end) => {
      await file.truncate(end);
      await file.sync();
    },
    close: () => file.close(),
  };
}
