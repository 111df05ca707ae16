// A memory that stores other bytes than it received and reports success (docs/protocol.md clause
// 4.5, steps 7 and 16 to 18). The unit can detect this only by reading back what it wrote. Also
// tests that R is valid on one link only.
import { describe, expect, it, vi } from 'vitest';
import { EiStore } from '#device-sim/ei/store.ts';
import { decodeResponse } from '#protocol/apdu/response-apdu.ts';
import { copy } from '#protocol/bytes/bytes.ts';
import { fromHex, toHex } from '#protocol/bytes/hex.ts';
import { aesKcv } from '#protocol/crypto/kcv.ts';
import { decodeReceipt } from '#protocol/tkl/receipt.ts';
import { importCommand, OTHER_TA, TA, UnitSetup, word } from './unit-setup.ts';

const GET_RECEIPT = '80CB0002 00';

/**
 * The writes of an import up to its commit: the tries, their marker, the record, the record with
 * its receipt, and the marker of the record.
 */
const WRITES = ['the tries', 'their marker', 'the record', 'the record with its receipt', 'its marker'] as const;

describe('an import whose memory stores a value other', () => {
  it.each(WRITES.map((what, index) => [what, index + 1] as const))('than %s returns 6581', async (_, write) => {
    const setup = new UnitSetup();
    await setup.select();
    expect(word(await setup.load({ header: { akv: 1 }, key: OTHER_TA }))).toBe('9000');
    const receipt = await setup.send(GET_RECEIPT);
    setup.memory.arm({ write, effect: 'other content' });
    expect(word(await setup.load({ header: { akv: 2 }, key: TA }))).toBe('6581');
    expect(toHex(setup.store.slot(2)?.key ?? fromHex(''))).toBe(toHex(OTHER_TA));
    expect(await setup.send(GET_RECEIPT)).toEqual(receipt);
    expect(word(await setup.load({ header: { akv: 2 }, key: TA }))).toBe('9000');
    expect(toHex(setup.store.slot(2)?.key ?? fromHex(''))).toBe(toHex(TA));
  });

  it('than the restored tries succeeds, because the key is committed', async () => {
    const setup = new UnitSetup();
    await setup.select();
    setup.memory.arm({ write: WRITES.length + 1, effect: 'other content' });
    expect(word(await setup.load({ header: { akv: 1 }, key: TA }))).toBe('9000');
  });
});

describe('the KCV of a receipt', () => {
  it('is computed from the key as read back, not from the key that was written', async () => {
    const setup = new UnitSetup();
    await setup.select();
    const readBack = vi.spyOn(EiStore.prototype, 'readBackSlotKey').mockImplementation(() => copy(OTHER_TA));
    expect(word(await setup.load({ header: { akv: 1 }, key: TA }))).toBe('9000');
    readBack.mockRestore();
    expect(decodeReceipt((await setup.send(GET_RECEIPT)).data).kcv.value).toEqual(aesKcv(OTHER_TA));
  });
});

describe.each([false, true])('R of a unit with two links (two-pass mode: %s)', (keepsChallenge) => {
  it('is valid on the link on which it was requested, and on no other link', async () => {
    const setup = new UnitSetup({ keepsChallenge });
    const other = setup.otherLink();
    const onOther = async (command: Uint8Array): Promise<string> =>
      word(decodeResponse(await other.process(command)).sw);
    await setup.select();
    expect(await onOther(fromHex('00A40400 06 F0544B4C3101 00'))).toBe('9000');
    const data = setup.seal({ random: await setup.challenge() });
    expect(await onOther(importCommand(data, 2))).toBe('6985');
    expect(word(await setup.import(data))).toBe('9000');
  });
});
