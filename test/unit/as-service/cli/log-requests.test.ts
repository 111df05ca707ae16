// "log show" and "log verify" on the file of an audit log, without keys.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuditLog } from '#as-service/audit-log/audit-log.ts';
import { type LogRequest, runLogCommand } from '#as-service/cli/log-requests.ts';
import { UserError } from '#as-service/common/user-error.ts';
import { Sealer } from '#as-service/storage/sealer.ts';
import { SEALING_KEY, type TemporaryFolder, temporaryFolder } from '#test/support/as-service.ts';
import { MemoryLogFile } from '#test/support/memory-log-file.ts';

const TIME = '2030-01-01T12:00:00.000Z';
let folder: TemporaryFolder;
let content: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  const file = new MemoryLogFile();
  const sealer = new Sealer(SEALING_KEY.slice());
  const log = await AuditLog.open({ file, sealer, now: () => new Date(TIME), replay: () => undefined });
  await log.append({ event: 'service-created', actor: null, details: { root: 'ab', revision: 1 } });
  await log.append({ event: 'key-added', actor: 'maria', details: { set: 0xba7c, ref1: 0x103, slot: 2, akv: 10 } });
  await log.append({ event: 'vault-revoked', actor: 'otto', details: { asNumber: 31, set: 'all' } });
  content = file.written.toString();
});
afterAll(() => folder.remove());

async function run(request: LogRequest, text = content): Promise<readonly string[]> {
  await writeFile(join(folder.path, 'audit.log'), text);
  return runLogCommand(folder.path, request);
}

describe('"log show"', () => {
  const LINES = [
    `     1  ${TIME}  service-created   -  root=ab  revision=1`,
    `     2  ${TIME}  key-added         maria  set=0000BA7C  ref1=0103  slot=0002  akv=10`,
    `     3  ${TIME}  vault-revoked     otto  asNumber=001F  set=all`,
  ];

  it('shows the newest entries, with the numbers that the CLI reads in hexadecimal', async () => {
    expect(await run({ command: 'log show', last: 20 })).toEqual(LINES);
    expect(await run({ command: 'log show', last: 2 })).toEqual(LINES.slice(1));
    expect(await run({ command: 'log show', last: 0 })).toEqual([]);
  });
});

describe('"log verify"', () => {
  it('says that the chain is complete, and shows its head', async () => {
    const { hash } = JSON.parse(content.trim().split('\n').at(-1) ?? '');
    expect(await run({ command: 'log verify' })).toEqual([
      `The chain is complete: 3 entries, the newest of ${TIME}.`,
      `Its head is ${hash}. Compare it with the head in the journal of a station.`,
    ]);
  });

  it('names an incomplete last line', async () => {
    const lines = await run({ command: 'log verify' }, content.slice(0, -10));
    expect(lines[0]).toContain('2 entries');
    expect(lines[2]).toContain('The last line is incomplete');
  });

  it('refuses a changed log, and a folder without one', async () => {
    await expect(run({ command: 'log verify' }, content.replace('maria', 'otto'))).rejects.toThrow('broken at entry 2');
    await expect(runLogCommand(join(folder.path, 'none'), { command: 'log verify' })).rejects.toThrow(UserError);
  });
});
