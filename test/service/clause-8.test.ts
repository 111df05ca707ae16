// Clause 8 at the service: the CLI's two commands, what operators and auditors see of them, and that they outlive a restart.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { readCommandLine } from '#as-service/cli/command-line.ts';
import { type AdminRequest, runAdminRequest } from '#as-service/cli/admin-requests.ts';
import type { As } from '#as-service/service/as.ts';
import type { KeysJson } from '#protocol/service/messages.ts';
import {
  addTestOperator,
  callJson,
  createTestApp,
  fillTestAs,
  openTestAs,
  spellings,
  TEST_SET,
  temporaryFolder,
} from '../support/as-service.ts';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function folder(): Promise<string> {
  const made = await temporaryFolder();
  cleanups.push(made.remove);
  return made.path;
}

async function run(as: As, line: string): Promise<readonly string[]> {
  const parsed = readCommandLine(line.split(' '));
  if (parsed === 'help') throw new Error('not help');
  return await runAdminRequest(as, 'test', parsed.request as AdminRequest);
}

async function keysOf(as: As, name: string): Promise<KeysJson['sets'][number] | undefined> {
  const token = await addTestOperator(as, name);
  return (await callJson<KeysJson>(createTestApp(as), token, '/v1/keys')).sets[0];
}

const ERASE = 'key add BA7C 0105 Erase --erase --slot 0002';
const ROTATE = 'set rotate BA7C 0106 Rotation';

describe('erasing and rotating at the service', () => {
  it('add entries that are listed with what they are, and outlive a restart', async () => {
    const path = await folder();
    const first = await openTestAs(path);
    await fillTestAs(first);
    expect(await run(first, ERASE)).toEqual(['  REF1 0105  erases   AKV 3  KCV 0000000000  slot 0002  Erase']);
    expect((await run(first, ROTATE))[0]).toBe('Set 0000BA7C has TKV 2 now, and REF1 0106 brings it to its units.');
    await first.close();

    const as = await openTestAs(path);
    cleanups.push(() => as.close());
    const set = await keysOf(as, 'Ada');
    expect(set?.transportKeys.map(({ tkv }) => tkv)).toEqual([1, 2]);
    expect(set?.keys.slice(2)).toEqual([
      { ref1: 0x0105, label: 'Erase', attributes: '', akv: 3, slot: 2, kcv: '0000000000' },
      { ref1: 0x0106, label: 'Rotation', attributes: 'K0AX00N', akv: 2, slot: 0xfffe, kcv: '0000000000' },
    ]);
    expect((await run(as, 'set list')).join('\n')).toContain('TKV 1 cmac, TKV 2 cmac');
    // The set's counter goes on behind the erasing, and a TKV takes nothing of it.
    expect(as.state.sets.find(({ set: number }) => number === TEST_SET)?.nextAkv).toBe(4);
  });

  it('name the check value of T where all units of the set get that T', async () => {
    const as = await openTestAs(await folder());
    cleanups.push(() => as.close());
    await fillTestAs(as, { profile: 'shared' });
    await run(as, ROTATE);
    expect((await keysOf(as, 'Ada'))?.keys.at(-1)?.kcv).toMatch(/^(?!0{10})[0-9A-F]{10}$/);
  });

  it('keep the new T out of the log and out of sight', async () => {
    const path = await folder();
    const as = await openTestAs(path);
    cleanups.push(() => as.close());
    await fillTestAs(as);
    await run(as, ROTATE);
    const key = as.state.sets[0]?.transportKeys[1]?.key ?? new Uint8Array(32);
    for (const file of ['audit.log', 'state.sealed']) {
      const octets = await readFile(join(path, file));
      for (const spelling of spellings(key)) expect(octets.includes(spelling)).toBe(false);
    }
    expect(await readFile(join(path, 'audit.log'), 'utf8')).toContain('"set-rotated"');
  });

  it.each([
    ['an erasing without a slot', 'key add BA7C 0105 Erase --erase'],
    ['an erasing of T', 'key add BA7C 0105 Erase --erase --slot FFFE'],
    ['an erasing under a REF1 that is taken', 'key add BA7C 0103 Erase --erase --slot 2'],
    ['an erasing in no set', 'key add BA7D 0105 Erase --erase --slot 2'],
    ['a rotation under a REF1 that is taken', 'set rotate BA7C 0103 Rotation'],
    ['a rotation of no set', 'set rotate BA7D 0106 Rotation'],
  ])('refuse %s, in words', async (_what, line) => {
    const as = await openTestAs(await folder());
    cleanups.push(() => as.close());
    await fillTestAs(as);
    const before = as.log.head.sequence;
    await expect(run(as, line)).rejects.toThrow(/^[A-Z].*\.$/s);
    expect(as.log.head.sequence).toBe(before);
  });

  it('stop at the last transport key version', async () => {
    const as = await openTestAs(await folder());
    cleanups.push(() => as.close());
    await fillTestAs(as, { tkv: 254 });
    await run(as, ROTATE);
    await expect(run(as, 'set rotate BA7C 0107 Again')).rejects.toThrow('255');
  });
});
