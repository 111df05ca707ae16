// The file of an audit log in memory, with the content that survives a loss of power.
import type { LogFile } from '#as-service/audit-log/log-file.ts';

export class MemoryLogFile implements LogFile {
  written: Buffer;
  /** The content that survives a loss of power. */
  durable: Buffer;
  readonly calls: string[] = [];
  /** Offset and length of each read. */
  readonly reads: [number, number][] = [];
  /** sync() waits until this promise resolves. */
  released: Promise<void> = Promise.resolve();
  failure: Error | undefined;
  closingFailure: Error | undefined;
  readonly size: number;

  /**
   * `size` is the size of the file when it was opened. If it exceeds the length of `content`, the
   * file was truncated after that.
   */
  constructor(content: Uint8Array = new Uint8Array(0), size = content.length) {
    this.written = Buffer.from(content);
    this.durable = this.written;
    this.size = size;
  }
  async append(content: Uint8Array): Promise<void> {
    this.calls.push('append');
    this.written = Buffer.concat([this.written, content]);
  }
  async sync(): Promise<void> {
    this.calls.push('sync');
    await this.released;
    if (this.failure !== undefined) throw this.failure;
    this.durable = this.written;
  }
  async read(offset: number, length: number): Promise<Uint8Array> {
    this.reads.push([offset, length]);
    return this.written.subarray(offset, offset + length);
  }
  async truncate(size: number): Promise<void> {
    this.calls.push('truncate');
    this.written = this.written.subarray(0, size);
    this.durable = this.written;
  }
  async close(): Promise<void> {
    this.calls.push('close');
    if (this.closingFailure !== undefined) throw this.closingFailure;
  }
}
