// The audit log with a file in memory: the order of write, sync and result, crashes, and tampering.
import { describe, expect, it } from 'vitest';
import { type AuditEntry, type AuditLine, encodeLine } from '#as-service/audit-log/audit-line.ts';
import { AuditLog } from '#as-service/audit-log/audit-log.ts';
import { type LogScan, scanLog } from '#as-service/audit-log/scan-log.ts';
import { UserError } from '#as-service/common/user-error.ts';
import { Sealer } from '#as-service/storage/sealer.ts';
import { fromBase64url } from '#protocol/bytes/text.ts';
import { MemoryLogFile } from '#test/support/memory-log-file.ts';

const NOW = () => new Date('2026-11-23T12:00:00.000Z');
const sealer = new Sealer(new Uint8Array(32).fill(7));

async function openLog(file: MemoryLogFile): Promise<{ log: AuditLog; lines: AuditLine[] }> {
  const lines: AuditLine[] = [];
  const log = await AuditLog.open({ file, sealer, now: NOW, replay: (line) => lines.push(line) });
  return { log, lines };
}

const event = (i: number) => ({ event: 'test', actor: null, details: { i } });

/** Returns the content of a log file with `entries` entries. */
async function logOf(entries: number): Promise<Buffer> {
  const disk = new MemoryLogFile();
  const { log } = await openLog(disk);
  for (let i = 0; i < entries; i++) await log.append({ ...event(i), record: Buffer.from(`secret ${i}`) });
  return disk.durable;
}

describe('an entry', () => {
  it('is durable before append() resolves', async () => {
    const disk = new MemoryLogFile();
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
    const disk = new MemoryLogFile();
    const { log } = await openLog(disk);
    const heads = await Promise.all(Array.from({ length: 50 }, (_, i) => log.append(event(i))));
    expect(heads.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
    expect(disk.calls).toEqual(['append', 'sync']);
  });

  it('never has an earlier time than the entry before it, unless it sets the time back', async () => {
    const times = ['12:00', '11:00', '12:30', '10:00', '10:00'].map((time) => `2026-11-23T${time}:00.000Z`);
    let index = 0;
    const now = () => new Date(times[index] ?? '');
    const log = await AuditLog.open({ file: new MemoryLogFile(), sealer, now, replay: () => undefined });
    const written: string[] = [];
    for (; index < times.length; index++) {
      written.push((await log.append({ ...event(index), setsTimeBack: index === 4 })).time.slice(11, 16));
    }
    expect(written).toEqual(['12:00', '12:00', '12:30', '12:30', '10:00']);
  });

  it('is refused when its sync fails, and all later entries are refused, too', async () => {
    const disk = new MemoryLogFile();
    const { log } = await openLog(disk);
    disk.failure = new Error('EIO');
    await expect(log.append(event(1))).rejects.toThrow('could not be written');
    expect([log.hasFailed, (await log.failed).message]).toEqual([true, expect.stringContaining('must be restarted')]);
    disk.failure = undefined;
    await expect(log.append(event(2))).rejects.toThrow('could not be written');
    expect(log.head.sequence).toBe(0);
    // The refused entry is removed, so that a restart does not read it from the system's cache.
    await log.close();
    expect(disk.calls).toEqual(['append', 'sync', 'truncate', 'close']);
    expect(disk.written.length).toBe(0);
  });

  it('is removed alone when its sync fails, and the error is the cause of the failure', async () => {
    const disk = new MemoryLogFile(await logOf(4));
    const { log } = await openLog(disk);
    const before = Buffer.from(disk.written);
    log.requireWritable();
    expect(log.hasFailed).toBe(false);
    disk.failure = new Error('EIO');
    await expect(log.append(event(5))).rejects.toMatchObject({ cause: disk.failure });
    await log.close();
    expect(disk.written).toEqual(before);
    expect(() => log.requireWritable()).toThrow('could not be written');
  });

  it('contains its secret part only in sealed form, which the service opens after a restart', async () => {
    const content = (await logOf(3)).toString('latin1');
    expect(content).not.toContain('secret');
    expect(content).not.toContain(Buffer.from('secret 1').toString('base64url'));
    const { lines } = await openLog(new MemoryLogFile(await logOf(2)));
    const opened = lines.map(({ sealed = '' }, i) => sealer.openRecord(i + 1, fromBase64url(sealed)));
    expect(opened.map((record) => Buffer.from(record).toString())).toEqual(['secret 0', 'secret 1']);
  });
});

describe('closing', () => {
  it('waits for pending entries, then closes the file, and later entries are refused', async () => {
    const disk = new MemoryLogFile();
    const { log } = await openLog(disk);
    const appended = log.append(event(1));
    await log.close();
    expect((await appended).sequence).toBe(1);
    expect(disk.calls).toEqual(['append', 'sync', 'close']);
    await expect(log.append(event(2))).rejects.toThrow('The audit log is closed.');
    expect(() => log.requireWritable()).toThrow('The audit log is closed.');
  });

  it('reports an error of the file, unless a write has failed before', async () => {
    const disk = new MemoryLogFile();
    const { log } = await openLog(disk);
    disk.closingFailure = new Error('EIO at close');
    await expect(log.close()).rejects.toThrow('EIO at close');
    const failing = new MemoryLogFile();
    const { log: failed } = await openLog(failing);
    failing.failure = new Error('EIO');
    failing.closingFailure = new Error('EIO at close');
    await expect(failed.append(event(1))).rejects.toThrow('could not be written');
    await failed.close();
    await expect(failed.append(event(2))).rejects.toThrow('could not be written');
  });
});

describe('reading entries', () => {
  it('reads the bytes of these entries only, and refuses an entry that is not there', async () => {
    const disk = new MemoryLogFile();
    const { log } = await openLog(disk);
    for (let i = 0; i < 4; i++) await log.append(event(i));
    disk.reads.length = 0;
    expect((await log.read(2, 3)).map(({ entry }) => entry.details.i)).toEqual([1, 2]);
    const [first = '', ...middle] = disk.written.toString().split('\n');
    expect(disk.reads).toEqual([[first.length + 1, middle.slice(0, 2).join('\n').length + 1]]);
    for (const [from, to] of [
      [0, 2],
      [3, 5],
      [6, 7],
    ] as const) {
      await expect(log.read(from, to)).rejects.toThrow(`there are no entries ${from} to ${to}`);
    }
    expect(disk.reads).toHaveLength(1);
  });
});

describe('a restart', () => {
  it('continues the chain and replays every entry', async () => {
    const { log, lines } = await openLog(new MemoryLogFile(await logOf(5)));
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
      const disk = new MemoryLogFile(whole.subarray(0, end));
      const { log, lines } = await openLog(disk);
      expect(lines).toHaveLength(2);
      expect((await log.read(3, 3))[0]?.entry).toMatchObject({
        event: 'torn-line-cut',
        details: { bytes: end - lastLine },
      });
      expect((await openLog(new MemoryLogFile(disk.durable))).lines).toHaveLength(3);
    }
  });

  it('truncates zeros that a file system has left after the last line', async () => {
    const { lines } = await openLog(new MemoryLogFile(Buffer.concat([await logOf(2), Buffer.alloc(100)])));
    expect(lines).toHaveLength(2);
  });

  it('changes nothing in the file when the caller does not accept what it has read', async () => {
    const whole = await logOf(2);
    const disk = new MemoryLogFile(whole.subarray(0, -5));
    const accept = (scan: LogScan) => {
      expect([scan.head.sequence, scan.torn.length > 0]).toEqual([1, true]);
      throw new UserError('not this log');
    };
    const opened = AuditLog.open({ file: disk, sealer, now: NOW, replay: () => undefined, accept });
    await expect(opened).rejects.toThrow('not this log');
    expect(disk.calls).toEqual([]);
  });

  it('reads a log that is longer than one chunk', async () => {
    const disk = new MemoryLogFile();
    const { log } = await openLog(disk);
    const details = { text: 'x'.repeat(10_000) };
    await Promise.all(Array.from({ length: 250 }, () => log.append({ event: 'long', actor: null, details })));
    expect(disk.durable.length).toBeGreaterThan(2 << 20);
    expect((await openLog(new MemoryLogFile(disk.durable))).lines).toHaveLength(250);
  });
});

describe('a changed log', () => {
  const refused = (content: Buffer) => expect(openLog(new MemoryLogFile(content))).rejects.toThrow(UserError);

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
    const scan = (content: Buffer) => scanLog(new MemoryLogFile(content), () => undefined);
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
      const forged = new MemoryLogFile(forge(index, (entry) => ({ ...entry, actor: 'mallory' })));
      await expect(openLog(forged)).rejects.toThrow(`entry ${index + 1}: its authentication code is wrong`);
    }
  });

  it('is refused with the number of the changed entry', async () => {
    const content = (await logOf(3)).toString().replace('"i":1', '"i":9');
    await expect(openLog(new MemoryLogFile(Buffer.from(content)))).rejects.toThrow(/entry 2.*hash does not fit/);
  });
});
