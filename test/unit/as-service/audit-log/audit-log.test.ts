// The audit log with a file in memory: the order of write, sync and result, crashes, and tampering.
import { describe, expect, it } from 'vitest';
import { type AuditEntry, type AuditLine, encodeLine } from '#as-service/audit-log/audit-line.ts';
import { AuditLog } from '#as-service/audit-log/audit-log.ts';
import type { LogFile } from '#as-service/audit-log/log-file.ts';
import { scanLog } from '#as-service/audit-log/scan-log.ts';
import { UserError } from '#as-service/common/user-error.ts';
import { Sealer } from '#as-service/storage/sealer.ts';

/** A file in memory. `durable` is the content that survives a loss of power. */
class Disk implements LogFile {
  written: Buffer;
  durable: Buffer;
  readonly calls: string[] = [];
  /** sync() waits until this promise resolves. */
  released: Promise<void> = Promise.resolve();
  failure: Error | undefined;
  readonly size: number;

  constructor(content: Uint8Array = new Uint8Array(0)) {
    this.written = Buffer.from(content);
    this.durable = this.written;
    this.size = this.written.length;
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
    return this.written.subarray(offset, offset + length);
  }
  async truncate(size: number): Promise<void> {
    this.calls.push('truncate');
    this.written = this.written.subarray(0, size);
    this.durable = this.written;
  }
  async close(): Promise<void> {}
}

const NOW = () => new Date('2026-11-23T12:00:00.000Z');
const sealer = new Sealer(new Uint8Array(32).fill(7));

async function openLog(file: LogFile): Promise<{ log: AuditLog; lines: AuditLine[] }> {
  const lines: AuditLine[] = [];
  const log = await AuditLog.open({ file, sealer, now: NOW, replay: (line) => lines.push(line) });
  return { log, lines };
}

const event = (i: number) => ({ event: 'test', actor: null, details: { i } });

/** Returns the content of a log file with `entries` entries. */
async function logOf(entries: number): Promise<Buffer> {
  const disk = new Disk();
  const { log } = await openLog(disk);
  for (let i = 0; i < entries; i++) await log.append({ ...event(i), record: Buffer.from(`secret ${i}`) });
  return disk.durable;
}

describe('an entry', () => {
  it('is durable before append() resolves', async () => {
    const disk = new Disk();
    const { log } = await openLog(disk);
    let release = () => {};
    disk.released = new Promise((resolve) => {
      release = resolve;
    });
    let answered = false;
    const appended = log.append(event(1)).then(() => {
      answered = true;
    });
    while (!disk.calls.includes('sync')) await new Promise((resolve) => setImmediate(resolve));
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(disk.calls).toEqual(['append', 'sync']);
    expect(answered).toBe(false);
    expect(log.head.sequence).toBe(0);
    release();
    await appended;
    expect(disk.durable.toString()).toContain('"i":1');
    expect(log.head.sequence).toBe(1);
  });

  it('shares one write and one sync with concurrent entries', async () => {
    const disk = new Disk();
    const { log } = await openLog(disk);
    const heads = await Promise.all(Array.from({ length: 50 }, (_, i) => log.append(event(i))));
    expect(heads.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
    expect(disk.calls).toEqual(['append', 'sync']);
  });

  it('never has an earlier time than the entry before it, unless it sets the time back', async () => {
    const times = ['12:00', '11:00', '12:30', '10:00', '10:00'].map((time) => `2026-11-23T${time}:00.000Z`);
    let index = 0;
    const now = () => new Date(times[index] ?? '');
    const log = await AuditLog.open({ file: new Disk(), sealer, now, replay: () => undefined });
    const written: string[] = [];
    for (; index < times.length; index++) {
      written.push((await log.append({ ...event(index), setsTimeBack: index === 4 })).time.slice(11, 16));
    }
    expect(written).toEqual(['12:00', '12:00', '12:30', '12:30', '10:00']);
  });

  it('is refused when its sync fails, and all later entries are refused, too', async () => {
    const disk = new Disk();
    const { log } = await openLog(disk);
    disk.failure = new Error('EIO');
    await expect(log.append(event(1))).rejects.toThrow('could not be written');
    expect([log.hasFailed, (await log.failed).message]).toEqual([true, expect.stringContaining('must be restarted')]);
    disk.failure = undefined;
    await expect(log.append(event(2))).rejects.toThrow('could not be written');
    expect(log.head.sequence).toBe(0);
    // The refused entry is removed, so that a restart does not read it from the system's cache.
    await log.close();
    expect(disk.calls).toEqual(['append', 'sync', 'truncate']);
    expect(disk.written.length).toBe(0);
  });

  it('contains its secret part only in sealed form', async () => {
    const content = (await logOf(3)).toString('latin1');
    expect(content).not.toContain('secret');
    expect(content).not.toContain(Buffer.from('secret 1').toString('base64url'));
  });
});

describe('a restart', () => {
  it('continues the chain and replays every entry', async () => {
    const { log, lines } = await openLog(new Disk(await logOf(5)));
    expect(lines.map(({ entry }) => entry.details.i)).toEqual([0, 1, 2, 3, 4]);
    expect(log.head.sequence).toBe(5);
    expect((await log.append(event(5))).sequence).toBe(6);
    const page = await log.read(4, 6);
    expect(page.map(({ entry }) => entry.sequence)).toEqual([4, 5, 6]);
    expect(page[2]?.entry.previous).toBe(page[1]?.hash);
  });

  it('truncates an incomplete line of any length, and records the truncation', async () => {
    const whole = await logOf(3);
    const lastLine = whole.lastIndexOf('\n', whole.length - 2) + 1;
    for (let end = lastLine + 1; end < whole.length; end++) {
      const disk = new Disk(whole.subarray(0, end));
      const { log, lines } = await openLog(disk);
      expect(lines).toHaveLength(2);
      expect((await log.read(3, 3))[0]?.entry).toMatchObject({
        event: 'torn-line-cut',
        details: { bytes: end - lastLine },
      });
      expect((await openLog(new Disk(disk.durable))).lines).toHaveLength(3);
    }
  });

  it('truncates zeros that a file system has left after the last line', async () => {
    const { lines } = await openLog(new Disk(Buffer.concat([await logOf(2), Buffer.alloc(100)])));
    expect(lines).toHaveLength(2);
  });

  it('reads a log that is longer than one chunk', async () => {
    const disk = new Disk();
    const { log } = await openLog(disk);
    const details = { text: 'x'.repeat(10_000) };
    await Promise.all(Array.from({ length: 250 }, () => log.append({ event: 'long', actor: null, details })));
    expect(disk.durable.length).toBeGreaterThan(2 << 20);
    expect((await openLog(new Disk(disk.durable))).lines).toHaveLength(250);
  });
});

describe('a changed log', () => {
  const refused = (content: Buffer) => expect(openLog(new Disk(content))).rejects.toThrow(UserError);

  it('prevents the start if any byte is changed, except the last line end', async () => {
    const whole = await logOf(2);
    for (let i = 0; i < whole.length - 1; i += 1) {
      const changed = Buffer.from(whole);
      changed[i] = (changed[i] ?? 0) ^ 0x01;
      await refused(changed);
    }
  });

  it.each([
    ['an entry is missing in the middle', (lines: string[]) => [lines[0], lines[2]]],
    ['the first entry is missing', (lines: string[]) => lines.slice(1)],
    ['two entries are exchanged', (lines: string[]) => [lines[0], lines[2], lines[1]]],
    ['an entry is duplicated', (lines: string[]) => [lines[0], lines[0], lines[1]]],
    ['an empty line is added', (lines: string[]) => [lines[0], '', lines[1]]],
    ['an entry has a duplicate member', (lines: string[]) => [lines[0]?.replace('{', '{"hash":"x",'), lines[1]]],
    ['blanks are added', (lines: string[]) => [lines[0]?.replace(':', ': '), lines[1]]],
    ['a line is not an object', () => ['null']],
  ])('prevents the start when %s', async (_name, change) => {
    const lines = (await logOf(3)).toString().trimEnd().split('\n');
    await refused(Buffer.from(`${change(lines).join('\n')}\n`));
  });

  it('is refused at an entry that was changed together with its hash, because the next entry does not continue it', async () => {
    // Reads the log without the sealing key, as `log verify` does.
    const scan = (content: Buffer) => scanLog(new Disk(content), () => undefined);
    const lines = (await logOf(3)).toString().trimEnd().split('\n');
    const forge = (index: number, change: (entry: AuditEntry) => AuditEntry) => {
      const { entry, sealed, mac } = JSON.parse(lines[index] ?? '') as AuditLine;
      const { text } = encodeLine(change(entry), sealed, () => mac);
      return Buffer.from(`${lines.map((line, i) => (i === index ? text : line)).join('\n')}\n`);
    };
    expect((await scan(forge(1, (entry) => entry))).head.sequence).toBe(3);
    await expect(scan(forge(1, (entry) => ({ ...entry, actor: 'mallory' })))).rejects.toThrow(
      /entry 3: it does not continue the previous entry/,
    );
    for (const index of [0, 1, 2]) {
      const previous = 'B'.repeat(43);
      await expect(scan(forge(index, (entry) => ({ ...entry, previous })))).rejects.toThrow(`entry ${index + 1}:`);
    }
    // With the sealing key, the error names the changed entry itself, even the last one.
    for (const index of [0, 1, 2]) {
      const forged = new Disk(forge(index, (entry) => ({ ...entry, actor: 'mallory' })));
      await expect(openLog(forged)).rejects.toThrow(`entry ${index + 1}: its authentication code is wrong`);
    }
  });

  it('is refused with the number of the changed entry', async () => {
    const content = (await logOf(3)).toString().replace('"i":1', '"i":9');
    await expect(openLog(new Disk(Buffer.from(content)))).rejects.toThrow(/entry 2.*hash does not fit/);
  });
});
