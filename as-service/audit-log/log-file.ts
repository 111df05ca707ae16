// The file operations of the audit log. Tests implement LogFile in memory, to prove that the
// service answers only after it has written and synced the entry.
import { open } from 'node:fs/promises';

export interface LogFile {
  /** Size in bytes when the file was opened. */
  readonly size: number;
  /** Writes all bytes at the end of the file. */
  append(content: Uint8Array): Promise<void>;
  /** Resolves when the appended bytes survive a loss of power. */
  sync(): Promise<void>;
  read(offset: number, length: number): Promise<Uint8Array>;
  /** Truncates the file and syncs it. */
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
