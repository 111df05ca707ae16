// Clause 8 of docs/protocol.md at the service: the CLI commands that add entries which erase a slot
// or replace the transport key, and the effects of these commands.
import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KeysJson } from '#protocol/service/messages.ts';
import { fillTestAs, ServiceSetup, spellings, TEST_SET } from '#test/support/as-service.ts';
import { runCommand } from '#test/support/service-cli.ts';

let service: ServiceSetup;

beforeEach(async () => {
  service = await ServiceSetup.open();
});
afterEach(() => service.close());

const run = (line: string) => runCommand(service.as, ...line.split(' '));
async function keysOf(set = TEST_SET): Promise<KeysJson['sets'][number] | undefined> {
  const { sets } = await service.json<KeysJson>(await service.addOperator('Ada'), '/v1/keys');
  return sets.find((each) => each.set === set);
}

const ERASE = 'key add BA7C 0105 Erase --erase --slot 0002';
const ROTATE = 'set rotate BA7C 0106 Rotation';

describe('erasing and rotation', () => {
  it('add key entries, which GET /v1/keys lists after a restart', async () => {
    expect(await run(ERASE)).toEqual(['  REF1 0105  erases   AKV 3  KCV 0000000000  slot 0002  Erase']);
    expect((await run(ROTATE))[0]).toBe('Set 0000BA7C now has TKV 2. REF1 0106 loads it into its units.');
    await service.reopen();

    const set = await keysOf();
    expect(set?.transportKeys.map(({ tkv }) => tkv)).toEqual([1, 2]);
    expect(set?.keys.slice(2)).toEqual([
      { ref1: 0x0105, label: 'Erase', attributes: '', akv: 3, slot: 2, kcv: '0000000000' },
      { ref1: 0x0106, label: 'Rotation', attributes: 'K0AX00N', akv: 2, slot: 0xfffe, kcv: '0000000000' },
    ]);
    expect((await run('set list')).join('\n')).toContain('TKV 1 cmac, TKV 2 cmac');
    // The entry that erases a slot uses an AKV. The replacement of the transport key uses a TKV and
    // no AKV.
    expect(service.as.state.sets.find(({ set: number }) => number === TEST_SET)?.nextAkv).toBe(4);
  });

  it('show the check value of T in a shared set, whose units all receive this T', async () => {
    await fillTestAs(service.as, { set: 2, profile: 'shared' });
    await run('set rotate 2 0106 Rotation');
    expect((await keysOf(2))?.keys.at(-1)?.kcv).toMatch(/^(?!0{10})[0-9A-F]{10}$/);
  });

  it('keep the new T out of the log, and sealed in the state file', async () => {
    await run(ROTATE);
    const key = service.as.state.sets[0]?.transportKeys[1]?.key ?? new Uint8Array(32);
    for (const file of ['audit.log', 'state.sealed']) {
      const content = await readFile(service.path(file));
      for (const spelling of spellings(key)) expect(content.includes(spelling)).toBe(false);
    }
    expect(await readFile(service.path('audit.log'), 'utf8')).toContain('"set-rotated"');
  });

  it.each([
    ['an erasure without a slot', 'key add BA7C 0105 Erase --erase'],
    ['an erasure of T', 'key add BA7C 0105 Erase --erase --slot FFFE'],
    ['an erasure under a used REF1', 'key add BA7C 0103 Erase --erase --slot 2'],
    ['an erasure in an unknown set', 'key add BA7D 0105 Erase --erase --slot 2'],
    ['a rotation under a used REF1', 'set rotate BA7C 0103 Rotation'],
    ['a rotation of an unknown set', 'set rotate BA7D 0106 Rotation'],
  ])('refuse %s, with a sentence', async (_what, line) => {
    const before = service.as.log.head.sequence;
    await expect(run(line)).rejects.toThrow(/^[A-Z].*\.$/s);
    expect(service.as.log.head.sequence).toBe(before);
  });

  it('are refused after the last transport key version', async () => {
    await fillTestAs(service.as, { set: 2, tkv: 254 });
    await run('set rotate 2 0106 Rotation');
    await expect(run('set rotate 2 0107 Again')).rejects.toThrow('255');
  });
});
