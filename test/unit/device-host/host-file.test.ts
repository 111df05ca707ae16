// Tests serveFile(), which serves a file that a program opens under umockdev's preload library. The
// messages have three 64-bit words. Some messages read and write the memory of the program.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FileOperations, serveFile } from '#device-host/umockdev/testbed/host-file.ts';
import { toHex } from '#protocol/bytes/hex.ts';

const IOCTL = 1n;
const READ = 7n;
const WRITE = 8n;

function message(...words: readonly bigint[]): Buffer {
  const bytes = Buffer.alloc(24);
  words.forEach((word, i) => {
    bytes.writeBigInt64LE(word, 8 * i);
  });
  return bytes;
}

describe('an open file of a program', () => {
  let folder: string;
  let server: Server;
  let program: Socket;
  let arrived: Buffer;
  let failures: unknown[];
  let closed: Promise<void>;

  async function open(operations: Partial<FileOperations>): Promise<void> {
    let onClose = (): void => undefined;
    closed = new Promise((resolve) => {
      onClose = resolve;
    });
    const all: FileOperations = {
      ioctl: () => 'ENOTTY',
      read: () => 'EAGAIN',
      write: () => 'EIO',
      close: () => onClose(),
      ...operations,
    };
    server = createServer((socket) => serveFile(socket, all, (error) => failures.push(error)));
    const path = join(folder, 's');
    server.listen(path);
    await once(server, 'listening');
    program = createConnection(path);
    program.on('data', (chunk) => {
      arrived = Buffer.concat([arrived, chunk]);
    });
    await once(program, 'connect');
  }

  /** Resolves with the next `length` bytes that the program receives. */
  async function receive(length: number): Promise<Buffer> {
    while (arrived.length < length) await once(program, 'data');
    const received = arrived.subarray(0, length);
    arrived = arrived.subarray(length);
    return received;
  }

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'kf-file-'));
    arrived = Buffer.alloc(0);
    failures = [];
  });

  afterEach(() => {
    program.destroy();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('returns the result of a call', async () => {
    await open({ ioctl: (request, argument) => (request === 0x5401 && argument === 0x7fff_0000_1234n ? 5 : 'EINVAL') });
    program.write(message(IOCTL, 0x5401n, 0x7fff_0000_1234n));
    expect(await receive(24)).toEqual(message(3n, 5n, 0n));
  });

  it('returns the error of a call', async () => {
    await open({ ioctl: () => 'EBUSY' });
    program.write(message(IOCTL, 0n, 0n));
    expect(await receive(24)).toEqual(message(3n, -1n, 16n));
  });

  it('returns EIO if the device throws, and reports the error', async () => {
    await open({
      ioctl: () => {
        throw new TypeError('a bug');
      },
    });
    program.write(message(IOCTL, 0n, 0n));
    expect(await receive(24)).toEqual(message(3n, -1n, 5n));
    expect(failures).toEqual([new TypeError('a bug')]);
  });

  it('reads the program’s memory during a call, even if the bytes arrive in pieces', async () => {
    let read = '';
    await open({
      ioctl: async (_request, argument, memory) => {
        read = toHex(await memory.read(argument, 4));
        return 0;
      },
    });
    program.write(message(IOCTL, 0x5402n, 0x1000n));
    expect(await receive(24)).toEqual(message(5n, 0x1000n, 4n));
    program.write(Buffer.of(1));
    program.write(Buffer.of(2, 3, 4));
    expect(await receive(24)).toEqual(message(3n, 0n, 0n));
    expect(read).toBe('01020304');
  });

  it('for a read, writes the bytes to the program’s memory and then returns their number', async () => {
    await open({ read: (length) => Uint8Array.of(0xaa, 0xbb, length) });
    program.write(message(READ, 0x2000n, 64n));
    expect(await receive(27)).toEqual(Buffer.concat([message(6n, 0x2000n, 3n), Buffer.of(0xaa, 0xbb, 64)]));
    expect(await receive(24)).toEqual(message(3n, 3n, 0n));
  });

  it('does not write to memory at the end of the file', async () => {
    await open({ read: () => new Uint8Array(0) });
    program.write(message(READ, 0x2000n, 64n));
    expect(await receive(24)).toEqual(message(3n, 0n, 0n));
  });

  it('for a write, reads the bytes from the program’s memory', async () => {
    const written: string[] = [];
    await open({
      write: (bytes) => {
        written.push(toHex(bytes));
        return bytes.length;
      },
    });
    program.write(message(WRITE, 0x3000n, 2n));
    expect(await receive(24)).toEqual(message(5n, 0x3000n, 2n));
    program.write(Buffer.of(0xca, 0xfe));
    expect(await receive(24)).toEqual(message(3n, 2n, 0n));
    expect(written).toEqual(['CAFE']);
  });

  it('handles calls one at a time, even if they arrive together', async () => {
    const requests: number[] = [];
    await open({
      ioctl: async (request) => {
        await Promise.resolve();
        requests.push(request);
        return request;
      },
    });
    program.write(Buffer.concat([message(IOCTL, 1n, 0n), message(IOCTL, 2n, 0n)]));
    expect(await receive(48)).toEqual(Buffer.concat([message(3n, 1n, 0n), message(3n, 2n, 0n)]));
    expect(requests).toEqual([1, 2]);
  });

  it('rejects an unknown request', async () => {
    await open({});
    program.write(message(99n, 0n, 0n));
    expect(await receive(24)).toEqual(message(3n, -1n, 22n));
  });

  it('is closed when the program ends', async () => {
    await open({});
    program.destroy();
    await closed;
    expect(failures).toEqual([]);
  });
});
