// The verification of a whole audit log: its MACs, its reads, and what is after the last line.
import { describe, expect, it } from 'vitest';
import { type AuditLine, encodeLine, FIRST_PREVIOUS } from '#as-service/audit-log/audit-line.ts';
import { scanLog } from '#as-service/audit-log/scan-log.ts';
import { UserError } from '#as-service/common/user-error.ts';
import { Sealer } from '#as-service/storage/sealer.ts';
import { MemoryLogFile } from '#test/support/memory-log-file.ts';

const TIME = '2026-11-23T12:00:00.000Z';
const sealer = new Sealer(new Uint8Array(32).fill(7));

/** Returns a log with an entry for each element; the element is the MAC of the line. */
function logWith(macs: readonly ('right' | 'wrong' | 'none')[], text = ''): { content: Buffer; hashes: string[] } {
  const hashes = [FIRST_PREVIOUS];
  const lines = macs.map((kind, index) => {
    const entry = { sequence: index + 1, time: TIME, previous: hashes[index] ?? '', event: 'test', actor: null };
    const macOf = {
      right: (hash: string) => sealer.macOf(hash),
      wrong: () => sealer.macOf('x'),
      none: () => undefined,
    };
    const { text: line, hash } = encodeLine({ ...entry, details: { text } }, undefined, macOf[kind]);
    hashes.push(hash);
    return `${line}\n`;
  });
  return { content: Buffer.from(lines.join('')), hashes };
}

const scan = (content: Uint8Array, each: (line: AuditLine) => void = () => undefined) =>
  scanLog(new MemoryLogFile(content), each, sealer);

describe('the MACs of a log', () => {
  it('are missing at the beginning of the log of version 0.1.0, and the scan names the last entry without one', async () => {
    const { content, hashes } = logWith(['none', 'none', 'right', 'right']);
    expect(await scan(content)).toMatchObject({
      head: { sequence: 4, hash: hashes[4], time: TIME },
      end: { sequence: 4, hash: hashes[4] },
      unauthenticated: { sequence: 2, hash: hashes[2] },
    });
    const { unauthenticated } = await scan(logWith(['right', 'right']).content);
    expect(unauthenticated).toMatchObject({ sequence: 0, hash: FIRST_PREVIOUS });
  });

  it('are never missing after an entry that has one', async () => {
    for (const macs of [
      ['right', 'none'],
      ['none', 'right', 'none'],
      ['none', 'right', 'right', 'none', 'right'],
    ] as const) {
      const wrong = macs.lastIndexOf('none') + 1;
      const missing = `broken at entry ${wrong}: its authentication code is missing.`;
      await expect(scan(logWith(macs).content)).rejects.toThrow(missing);
      // Without the sealing key too, as `log verify` reads the log.
      await expect(scanLog(new MemoryLogFile(logWith(macs).content), () => undefined)).rejects.toThrow(missing);
    }
  });

  it('are checked with the sealing key only', async () => {
    const { content } = logWith(['right', 'wrong']);
    await expect(scan(content)).rejects.toThrow('entry 2: its authentication code is wrong');
    expect((await scanLog(new MemoryLogFile(content), () => undefined)).head.sequence).toBe(2);
  });
});

describe('the scan', () => {
  it('of an empty log has the number 0 and a time before every entry', async () => {
    const head = { sequence: 0, hash: FIRST_PREVIOUS, time: '1970-01-01T00:00:00.000Z' };
    expect(await scan(new Uint8Array(0))).toEqual({
      ...{ head, end: head, unauthenticated: head },
      ...{ offsets: [0], torn: new Uint8Array(0) },
    });
  });

  it('reads at most 64 KiB at a time, each byte once', async () => {
    const { content } = logWith(Array(20).fill('right'), 'x'.repeat(10_000));
    const file = new MemoryLogFile(content);
    const { offsets } = await scanLog(file, () => undefined, sealer);
    const whole = Math.floor(content.length / 65_536);
    const chunks = Array.from({ length: whole }, (_, i): [number, number] => [i * 65_536, 65_536]);
    expect(file.reads).toEqual([...chunks, [whole * 65_536, content.length % 65_536]]);
    const lineEnds = [...content.entries()].filter(([, byte]) => byte === 0x0a).map(([at]) => at + 1);
    expect(offsets).toEqual([0, ...lineEnds]);
  });

  it('ends with an error when the file becomes shorter', async () => {
    const { content } = logWith(['right']);
    const file = new MemoryLogFile(content, content.length + 1);
    await expect(scanLog(file, () => undefined, sealer)).rejects.toThrow('was truncated during reading');
  });

  it('takes only what follows the last line end for an interrupted line', async () => {
    const { content } = logWith(['right', 'right']);
    const { head, torn } = await scan(content.subarray(0, -1));
    expect([head.sequence, torn]).toEqual([1, new Uint8Array(content.subarray(content.indexOf(10) + 1, -1))]);
    for (const begin of ['\n', 'x\n']) {
      await expect(scan(Buffer.concat([Buffer.from(begin), content]))).rejects.toThrow('entry 1: it is not JSON');
    }
  });

  it('names the entry that contradicts the entries before it, and passes on a sentence of the caller', async () => {
    const { content } = logWith(['right', 'right']);
    const fault = new RangeError('unknown order');
    const broken = await scan(content, ({ entry }) => {
      if (entry.sequence === 2) throw fault;
    }).catch((cause: unknown) => cause);
    expect(broken).toMatchObject({ message: expect.stringContaining('entry 2: it contradicts the entries before it') });
    expect(broken).toMatchObject({ cause: fault });
    const sentence = new UserError('a sentence');
    await expect(
      scan(content, () => {
        throw sentence;
      }),
    ).rejects.toBe(sentence);
  });
});
