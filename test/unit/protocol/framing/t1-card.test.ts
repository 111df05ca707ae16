// Tests the T=1 card with handwritten blocks. They have an LRC, which is easier to read than a CRC.
import { describe, expect, it } from 'vitest';
import { concat } from '#protocol/bytes/bytes.ts';
import { fromHex, hexNumber, toHex } from '#protocol/bytes/hex.ts';
import type { CardAction } from '#protocol/framing/card-framing.ts';
import { lrc } from '#protocol/framing/edc.ts';
import { T1Card } from '#protocol/framing/t1-card.ts';

const block = (hex: string): Uint8Array => concat(fromHex(hex), lrc(fromHex(hex)));

/**
 * Returns one text per action: a block without its LRC, "run <ticket> <command>" or "wait <ms>".
 */
function words(actions: readonly CardAction[]): string[] {
  return actions.map((action) => {
    switch (action.do) {
      case 'send':
        return toHex(action.bytes.subarray(0, -1));
      case 'run':
        return `run ${action.ticket} ${toHex(action.command)}`;
      case 'wait':
        return `wait ${action.ms}`;
      default:
        return action.do;
    }
  });
}

const receive = (card: T1Card, hex: string): string[] => words(card.receive(block(hex)));
const card = (ifsc?: number): T1Card => new T1Card(ifsc === undefined ? { edc: 'lrc' } : { edc: 'lrc', ifsc });

describe('the T=1 card', () => {
  it('runs the command of an I-block and responds with its own N(S)', () => {
    const unit = card();
    expect(receive(unit, '00 00 01 AA')).toEqual(['run 1 AA']);
    expect(words(unit.answer(1, fromHex('9000')))).toEqual(['0000029000']);
    expect(receive(unit, '00 40 01 BB')).toEqual(['run 2 BB']);
    expect(words(unit.answer(2, fromHex('9001')))).toEqual(['0040029001']);
  });

  it('joins a chained command', () => {
    const unit = card();
    expect(receive(unit, '00 20 01 AA')).toEqual(['009000']);
    expect(receive(unit, '00 60 01 BB')).toEqual(['008000']);
    expect(receive(unit, '00 00 01 CC')).toEqual(['run 1 AABBCC']);
  });

  it('sends blocks of 32 bytes until the host announces a larger IFSD', () => {
    const unit = card();
    receive(unit, '00 00 01 AA');
    const [first] = words(unit.answer(1, new Uint8Array(40)));
    expect(first).toBe(`002020${'00'.repeat(32)}`);
    expect(receive(unit, '00 90 00')).toEqual([`004008${'00'.repeat(8)}`]);
    expect(receive(unit, '00 C1 01 FE')).toEqual(['00E101FE']);
    receive(unit, '00 40 01 AA');
    expect(words(unit.answer(2, new Uint8Array(40)))).toEqual([`000028${'00'.repeat(40)}`]);
  });

  it('repeats the response to a repeated I-block without running it again', () => {
    const unit = card();
    receive(unit, '00 00 01 AA');
    expect(receive(unit, '00 00 01 AA')).toEqual([]);
    unit.answer(1, fromHex('9000'));
    expect(receive(unit, '00 00 01 AA')).toEqual(['0000029000']);
    expect(receive(unit, '00 00 01 AB')).toEqual(['009200']);
  });

  it('repeats its acknowledgement for a repeated part of a chain', () => {
    const unit = card();
    receive(unit, '00 20 01 AA');
    expect(receive(unit, '00 20 01 AA')).toEqual(['009000']);
    expect(receive(unit, '00 40 01 BB')).toEqual(['run 1 AABB']);
  });

  it('repeats the block that an R-block requests', () => {
    const unit = card();
    expect(receive(unit, '00 80 00')).toEqual(['008000']);
    receive(unit, '00 00 01 AA');
    unit.answer(1, fromHex('9000'));
    expect(receive(unit, '00 81 00')).toEqual(['0000029000']);
    expect(receive(unit, '00 90 00')).toEqual(['009000']);
  });

  it('discards input after a damaged block until 15 ms of silence, then requests a repetition', () => {
    const unit = card();
    expect(words(unit.receive(fromHex('00 00 01 AA 00')))).toEqual(['wait 15']);
    expect(receive(unit, '00 00 01 AA')).toEqual(['wait 15']);
    expect(words(unit.silence())).toEqual(['008100']);
    expect(receive(unit, '00 00 01 AA')).toEqual(['run 1 AA']);
  });

  it('treats a block with a gap of 200 ms as damaged', () => {
    const unit = card();
    expect(words(unit.receive(fromHex('00 00 02 AA')))).toEqual(['wait 200']);
    expect(words(unit.silence())).toEqual(['008100']);
    expect(words(unit.silence())).toEqual([]);
  });

  it('requests more time, and sends the response only after the host has granted the time', () => {
    const unit = card();
    receive(unit, '00 00 01 AA');
    expect(words(unit.extend(1))).toEqual(['00C30101']);
    expect(words(unit.extend(1))).toEqual([]);
    expect(words(unit.answer(1, fromHex('9000')))).toEqual([]);
    expect(receive(unit, '00 80 00')).toEqual(['00C30101']);
    expect(receive(unit, '00 00 01 AA')).toEqual(['00C30101']);
    expect(receive(unit, '00 E3 01 02')).toEqual([]);
    expect(receive(unit, '00 E3 01 01')).toEqual(['0000029000']);
    expect(receive(unit, '00 E3 01 01')).toEqual([]);
  });

  it('repeats its pending request for more time after a damaged block', () => {
    const unit = card();
    receive(unit, '00 00 01 AA');
    unit.extend(1);
    unit.receive(fromHex('55'));
    expect(words(unit.silence())).toEqual(['00C30101']);
  });

  it('requests more time when the host sends an R-block during a command', () => {
    const unit = card();
    receive(unit, '00 00 01 AA');
    expect(receive(unit, '00 80 00')).toEqual(['00C30101']);
    expect(receive(unit, '00 E3 01 01')).toEqual([]);
    expect(words(unit.answer(1, fromHex('9000')))).toEqual(['0000029000']);
  });

  it('announces its IFSC only once, before the first response', () => {
    const unit = card(64);
    receive(unit, '00 00 01 AA');
    expect(words(unit.answer(1, fromHex('9000')))).toEqual(['00C10140']);
    expect(receive(unit, '00 E1 01 40')).toEqual(['0000029000']);
    receive(unit, '00 40 01 AA');
    expect(words(unit.answer(2, fromHex('9000')))).toEqual(['0040029000']);
  });

  it('resets everything at S(RESYNCH) and discards the response of the running command', () => {
    const unit = card();
    receive(unit, '00 C1 01 FE');
    receive(unit, '00 00 01 AA');
    expect(receive(unit, '00 C0 00')).toEqual(['00E000']);
    expect(words(unit.answer(1, fromHex('9000')))).toEqual([]);
    expect(words(unit.extend(1))).toEqual([]);
    receive(unit, '00 20 01 AA');
    receive(unit, '00 C0 00');
    expect(receive(unit, '00 00 01 BB')).toEqual(['run 2 BB']);
    expect(words(unit.answer(2, new Uint8Array(40)))).toEqual([`002020${'00'.repeat(32)}`]);
  });

  it('refuses a new command while it sends a chained response', () => {
    const unit = card();
    receive(unit, '00 00 01 AA');
    unit.answer(1, new Uint8Array(40));
    expect(receive(unit, '00 40 01 BB')).toEqual(['009200']);
    expect(receive(unit, '00 90 00')).toEqual([`004008${'00'.repeat(8)}`]);
  });

  it('refuses a command that is longer than the longest APDU', () => {
    const unit = card();
    const part = (ns: number): string => `00 ${hexNumber(ns | 0x20)} FE ${'00'.repeat(254)}`;
    let ns = 0;
    for (let sent = 0; sent + 254 <= 65_544; sent += 254, ns ^= 0x40) receive(unit, part(ns));
    expect(receive(unit, part(ns))).toEqual([ns === 0 ? '008200' : '009200']);
  });

  it('refuses S(ABORT request), which this link does not use', () => {
    expect(receive(card(), '00 C2 00')).toEqual(['008200']);
  });
});
