// The commands that list, disable, enable and destroy keys: what they print.
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { type AdminRequest, runAdminRequest } from '#as-service/cli/admin-requests.ts';
import type { As } from '#as-service/service/as.ts';
import { TEST_SET } from '#test/support/as-service.ts';
import { testSet } from '#test/support/memory-exporter.ts';
import { StateInMemory } from '#test/support/service-state.ts';

let as: StateInMemory;
const visible = vi.fn((): object[] => []);
beforeEach(async () => {
  visible.mockReset().mockReturnValue([]);
  as = Object.assign(await StateInMemory.open(), { vaults: { visible } });
  as.state = { ...as.state, sets: [testSet()] };
});
const run = (request: AdminRequest) => runAdminRequest(as as unknown as As, 'maria', request, 'UTC');

describe('the commands for keys', () => {
  it('show keys, as lines and as JSON without a key', async () => {
    await run({ command: 'key disable', set: TEST_SET, ref1: 0x0104 });
    await run({ command: 'set rotate', set: TEST_SET, ref1: 0x0200, label: 'New T' });
    await run({ command: 'key erase', set: TEST_SET, ref1: 0x0201, label: 'Empty', slot: 2 });
    expect(await run({ command: 'key list', set: null })).toEqual([
      '0000BA7C  T  TKV 1  cmac',
      '0000BA7C  T  TKV 2  cmac',
      expect.stringMatching(/^0000BA7C {2}REF1 0103 .* Data key$/),
      expect.stringMatching(/^0000BA7C {2}REF1 0104 .* Other key {2}disabled$/),
      expect.stringMatching(/^0000BA7C {2}REF1 0200 .* New T$/),
      expect.stringMatching(/^0000BA7C {2}REF1 0201 {2}erases .* Empty$/),
    ]);
    const set = '0000BA7C';
    const kcv = expect.stringMatching(/^[0-9A-F]{10}$/);
    const key = { set, kind: 'TA', attributes: 'D0AB00N', kcv };
    expect(JSON.parse((await run({ command: 'key list', set: TEST_SET, json: true })).join('\n'))).toEqual([
      { set, kind: 'T', tkv: 1, family: 'cmac' },
      { set, kind: 'T', tkv: 2, family: 'cmac' },
      { ...key, label: 'Data key', ref1: '0103', slot: '0002', akv: 1, status: 'enabled' },
      { ...key, label: 'Other key', ref1: '0104', slot: null, akv: 2, status: 'disabled' },
      {
        ...key,
        kind: 'new T',
        label: 'New T',
        ref1: '0200',
        slot: 'FFFE',
        akv: 2,
        attributes: expect.any(String),
        status: 'enabled',
      },
      {
        ...key,
        kind: 'erasing',
        label: 'Empty',
        ref1: '0201',
        slot: '0002',
        akv: 3,
        attributes: '',
        status: 'enabled',
      },
    ]);
    as.state = { ...as.state, sets: [] };
    expect(await run({ command: 'key list', set: null })).toEqual(['No keys yet.']);
  });

  it('disable, enable and destroy a key, and name the vaults that contain it', async () => {
    const name = { set: TEST_SET, ref1: 0x0103 };
    expect(await run({ command: 'key disable', ...name })).toEqual([
      'REF1 0103 is disabled. The service exports it no more.',
    ]);
    expect(await run({ command: 'key enable', ...name })).toEqual(['REF1 0103 is enabled.']);
    const destroy = (confirmation: string | true | null) => run({ command: 'key destroy', ...name, confirmation });
    for (const confirmation of [null, '', 'Other key']) {
      await expect(destroy(confirmation)).rejects.toThrow(
        'The name of REF1 0103 of set 0000BA7C (Test set) is "Data key". Type it to confirm, or give --yes. Nothing was destroyed.',
      );
    }
    const vault = (...ref1: readonly number[]) => ({
      issued: { header: { asNumber: 31, set: { keys: ref1.map((number) => ({ ref1: number })) } } },
    });
    visible.mockReturnValue([vault(0x0103, 0x0104), vault(0x0104)]);
    expect(await destroy(' Data\u00a0key ')).toEqual([
      'REF1 0103 is destroyed. Its name, version and KCV stay in the set.',
      'Backups that were made earlier still contain the key.',
      '1 vault issued with this key can still export it: 001F.',
    ]);
    expect(visible).toHaveBeenCalledWith({ actor: 'maria', sets: [TEST_SET] });
    expect((await run({ command: 'set list' }))[1]).toMatch(/Data key {2}destroyed$/);
    expect(await run({ command: 'key destroy', set: TEST_SET, ref1: 0x0104, confirmation: true })).toHaveLength(3);
  });
});
