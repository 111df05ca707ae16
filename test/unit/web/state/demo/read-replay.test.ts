// Reading a support file in the demo, and the words for a file that is refused.
import { describe, expect, it } from 'vitest';
import { FileError } from '#protocol/errors.ts';
import { type Replay, readReplay } from '#web/state/demo/read-replay.ts';
import { findingsOf } from '#web/state/help/findings.ts';
import { supportFile } from '#web/state/help/support-file.ts';
import { redact } from '#web/transport/trace.ts';
import { GOOD, SN } from '../help/facts-fixture.ts';

const AT = '2026-11-30T10:00:00.000Z';
const failure = { code: 'status-word', command: 'IMPORTKEY', statusWord: '6988' };
const exchanges = [
  { header: '80840001', statusWord: '9000' },
  { header: '90D80000', statusWord: '9000' },
  { header: '80D80000', statusWord: '6988' },
];
const attempt = { at: AT, link: 'usb', failure, exchanges };
const FILE = { format: 'keyferry-support', version: 1, attempts: [attempt] };

const read = (content: string): Promise<Replay> => {
  const bytes = new TextEncoder().encode(content);
  return readReplay({ name: 'f.json', size: bytes.length, arrayBuffer: async () => bytes.buffer });
};
const readJson = (changes: object): Promise<Replay> => read(JSON.stringify({ ...FILE, ...changes }));

describe('a support file', () => {
  it('is read, whatever other members it has', async () => {
    expect(await readJson({ madeAt: AT, later: [1] })).toEqual({
      at: AT,
      link: 'usb',
      end: { code: 'status-word', command: 'IMPORTKEY', statusWord: 0x6988 },
      faults: [{ fault: 'refuse', ins: 0xd8, statusWord: 0x6988, skip: 0 }],
    });
  });

  it('that Help has written is read', async () => {
    const command = (ins: number, statusWord: number) =>
      redact(Uint8Array.of(0x80, ins, 0, 0), Uint8Array.of(statusWord >> 8, statusWord & 0xff), new Date(AT));
    const past = {
      ...({ at: AT, link: 'serial', sn: SN, outcome: 'failed' } as const),
      failure: { code: 'status-word', command: 'IMPORTKEY', statusWord: 0x6988 },
      exchanges: [command(0x84, 0x9000), command(0xd8, 0x6988)],
    } as const;
    const facts = { ...GOOD, attempts: [past] };
    const replay = await read(supportFile(facts, findingsOf(facts), []).text);
    expect(replay).toMatchObject({ link: 'serial', end: past.failure, faults: [{ fault: 'refuse', skip: 0 }] });
  });

  it('with several failed loads is read for the newest that can be repeated', async () => {
    const cancelled = { ...attempt, failure: { code: 'cancelled' } };
    const full = { ...attempt, failure: { code: 'journal-full' } };
    const older = { ...attempt, at: '2026-11-29T10:00:00.000Z' };
    const done = { at: AT, link: 'usb', exchanges };
    expect((await readJson({ attempts: [done, cancelled, full, attempt, older] })).at).toBe(AT);
  });

  it.each([
    ['is empty', '', 'This file is empty.'],
    ['is a web page', '<!doctype html>', 'This file is a web page.'],
    ['is not JSON', 'serial;number', 'This is not a support file.'],
    ['is cut short', JSON.stringify(FILE).slice(0, -1), 'This file is cut short.'],
    ['is another document', '{"format":"keyferry-vault"}', 'This is not a support file.'],
    ['is a list', '[1]', 'This is not a support file.'],
    ['is null', 'null', 'This is not a support file.'],
    ['has a newer format', JSON.stringify({ ...FILE, version: 2 }), 'This support file has a newer format.'],
    ['has no version', JSON.stringify({ ...FILE, version: undefined }), 'This support file is damaged.'],
    ['is damaged', JSON.stringify({ ...FILE, attempts: [{ at: 'today' }] }), 'This support file is damaged.'],
    ['has no attempts', JSON.stringify({ ...FILE, attempts: undefined }), 'This support file contains no failed load.'],
    [
      'has attempts without a failure',
      JSON.stringify({ ...FILE, attempts: [{ at: AT, link: 'usb', exchanges }] }),
      'This support file contains no failed load.',
    ],
    [
      'has only a failure of the station',
      JSON.stringify({ ...FILE, attempts: [{ ...attempt, failure: { code: 'journal-full' } }] }),
      'The demo cannot repeat a load that ended with journal-full.',
    ],
  ])('that %s is refused in words', async (_, content, title) => {
    const refusal = await read(content).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(FileError);
    expect(refusal).toMatchObject({ title });
  });
});
