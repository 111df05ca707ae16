// Tests the T=1 host with handwritten blocks. The blocks have an LRC, as in the scenarios of
// ISO/IEC 7816-3 annex A.
import { describe, expect, it } from 'vitest';
import { concat } from '#protocol/bytes/bytes.ts';
import { fromHex, hexNumber, toHex } from '#protocol/bytes/hex.ts';
import { lrc } from '#protocol/framing/edc.ts';
import type { HostAction, HostFraming } from '#protocol/framing/host-framing.ts';
import { t1Host } from '#protocol/framing/t1-host.ts';

const block = (hex: string): Uint8Array => concat(fromHex(hex), lrc(fromHex(hex)));

/**
 * Returns the sent block without its LRC, followed by the times that differ from the default, for
 * example "00C000 quiet 100 wait 2000".
 */
function sent(action: HostAction): string {
  if (action.do !== 'send') return action.do;
  const quiet = action.quietMs === 0 ? '' : ` quiet ${action.quietMs}`;
  const wait = action.waitMs === 1000 ? '' : ` wait ${action.waitMs}`;
  expect(action.bytes.at(-1)).toBe(lrc(action.bytes.subarray(0, -1)));
  return `${toHex(action.bytes.subarray(0, -1))}${quiet}${wait}`;
}

const RESYNCH_REQUEST = '00C000 quiet 100';
const RESYNCH_RESPONSE = '00 E0 00';
const IFS_REQUEST = '00C101FE';
const IFS_RESPONSE = '00 E1 01 FE';

/**
 * Runs the host through `lines`. Each line has the expected action of the host and the input that
 * follows: a block in hex, 'damaged' or 'silence'. Returns the last action.
 */
function converse(
  host: HostFraming,
  start: HostAction,
  lines: readonly (readonly [host: string, unit: string])[],
): HostAction {
  let action = start;
  for (const [expected, unit] of lines) {
    expect(sent(action)).toBe(expected);
    if (unit === 'silence') action = host.silence();
    else if (unit === 'damaged') action = host.receive(fromHex('00 00 01 55 AA'));
    else action = host.receive(block(unit));
  }
  return action;
}

function opened(): HostFraming {
  const host = t1Host({ edc: 'lrc' });
  const action = converse(host, host.open(), [
    [RESYNCH_REQUEST, RESYNCH_RESPONSE],
    [IFS_REQUEST, IFS_RESPONSE],
  ]);
  expect(action).toEqual({ do: 'done', response: fromHex('') });
  return host;
}

const COMMAND = fromHex('80 84 00 01 00');
const I0 = '0000058084000100';
const I1 = '0040058084000100';
const answerOf = (hex: string): HostAction => ({ do: 'done', response: fromHex(hex) });

describe('a sent command', () => {
  it('is wiped after the exchange, even if the exchange fails', () => {
    const silent = (host: HostFraming): HostAction => {
      for (let action = host.silence(); ; action = host.silence()) if (action.do === 'fail') return action;
    };
    for (const end of [(host: HostFraming) => host.receive(block('00 00 02 90 00')), silent]) {
      const host = opened();
      const action = host.exchange(fromHex('00200081 0C 313233343536FFFFFFFFFFFF'));
      const out = action.do === 'send' ? action.bytes : fromHex('');
      expect(toHex(out)).toContain('313233343536');
      expect(['done', 'fail']).toContain(end(host).do);
      expect(out).toEqual(new Uint8Array(21));
    }
  });

  it('has each part wiped when the next part is sent', () => {
    const host = opened();
    const first = host.exchange(new Uint8Array(300).fill(0x31));
    expect(host.receive(block('00 90 00')).do).toBe('send');
    expect(first.do === 'send' && first.bytes.every((byte) => byte === 0)).toBe(true);
  });
});

describe('the T=1 host while it opens a link', () => {
  it('drains input until 100 ms of silence, resynchronises and announces IFSD 254', () => {
    opened();
  });

  it('fails with link-timeout after three S(RESYNCH) without a response', () => {
    const host = t1Host({ edc: 'lrc' });
    const action = converse(host, host.open(), [
      [RESYNCH_REQUEST, 'silence'],
      [RESYNCH_REQUEST, 'silence'],
      [RESYNCH_REQUEST, 'silence'],
    ]);
    expect(action).toMatchObject({ do: 'fail', code: 'link-timeout' });
  });

  it('fails with link-garbled when the unit answers with noise', () => {
    const host = t1Host({ edc: 'lrc' });
    const action = converse(host, host.open(), [
      [RESYNCH_REQUEST, 'damaged'],
      [RESYNCH_REQUEST, 'damaged'],
      [RESYNCH_REQUEST, 'silence'],
    ]);
    expect(action).toMatchObject({ do: 'fail', code: 'link-garbled' });
  });

  it('ignores a late response before S(RESYNCH response)', () => {
    const host = t1Host({ edc: 'lrc' });
    host.open();
    expect(host.receive(block('00 00 02 90 00'))).toEqual({ do: 'wait-on' });
    expect(sent(host.receive(block(RESYNCH_RESPONSE)))).toBe(IFS_REQUEST);
  });

  it('repeats S(IFS request) three times and then resynchronises', () => {
    const host = t1Host({ edc: 'lrc' });
    const action = converse(host, host.open(), [
      [RESYNCH_REQUEST, RESYNCH_RESPONSE],
      [IFS_REQUEST, 'silence'],
      [IFS_REQUEST, 'damaged'],
      [`${IFS_REQUEST} quiet 15`, '00 80 00'],
      [IFS_REQUEST, 'silence'],
      [RESYNCH_REQUEST, RESYNCH_RESPONSE],
      [IFS_REQUEST, IFS_RESPONSE],
    ]);
    expect(action).toEqual(answerOf(''));
  });

  it('ignores an S(IFS response) of another size', () => {
    const host = t1Host({ edc: 'lrc' });
    converse(host, host.open(), [
      [RESYNCH_REQUEST, RESYNCH_RESPONSE],
      [IFS_REQUEST, '00 E1 01 20'],
    ]);
    expect(sent(host.receive(block(IFS_RESPONSE)))).toBe('done');
  });

  it('refuses an exchange before open() is done, and an exchange during another', () => {
    expect(() => t1Host().exchange(COMMAND)).toThrow(RangeError);
    const host = opened();
    host.exchange(COMMAND);
    expect(() => host.exchange(COMMAND)).toThrow(RangeError);
  });
});

describe('the T=1 host', () => {
  it('exchanges I-blocks with alternating N(S)', () => {
    const host = opened();
    expect(converse(host, host.exchange(COMMAND), [[I0, '00 00 02 90 00']])).toEqual(answerOf('9000'));
    expect(converse(host, host.exchange(COMMAND), [[I1, '00 40 02 90 01']])).toEqual(answerOf('9001'));
    expect(converse(host, host.exchange(COMMAND), [[I0, '00 00 02 90 02']])).toEqual(answerOf('9002'));
  });

  it('chains a long command in acknowledged parts of 254 bytes', () => {
    const host = opened();
    const command = Uint8Array.from({ length: 509 }, (_, index) => index & 0xff);
    const [first, second, third] = [command.subarray(0, 254), command.subarray(254, 508), command.subarray(508)];
    const action = converse(host, host.exchange(command), [
      [`0020FE${toHex(first)}`, '00 90 00'],
      [`0060FE${toHex(second)}`, '00 80 00'],
      [`000001${toHex(third)}`, '00 00 02 90 00'],
    ]);
    expect(action).toEqual(answerOf('9000'));
  });

  it('acknowledges the parts of a chained response', () => {
    const host = opened();
    const action = converse(host, host.exchange(COMMAND), [
      [I0, '00 20 02 01 02'],
      ['009000', '00 60 01 03'],
      ['008000', '00 00 02 90 00'],
    ]);
    expect(action).toEqual(answerOf('0102039000'));
  });

  it('grants the time of each S(WTX request) for one wait only', () => {
    const host = opened();
    const action = converse(host, host.exchange(COMMAND), [
      [I0, '00 C3 01 03'],
      ['00E30103 wait 3000', '00 C3 01 01'],
      ['00E30101', 'silence'],
      ['008000', '00 00 02 90 00'],
    ]);
    expect(action).toEqual(answerOf('9000'));
  });

  it('answers S(IFS request) and limits its blocks to the requested size', () => {
    const host = opened();
    const action = converse(host, host.exchange(COMMAND), [
      [I0, '00 C1 01 04'],
      ['00E10104', '00 00 02 90 00'],
    ]);
    expect(action).toEqual(answerOf('9000'));
    converse(host, host.exchange(COMMAND), [
      ['00600480840001', '00 80 00'],
      ['00000100', '00 40 02 90 00'],
    ]);
  });

  it('requests a damaged response again with an R-block after 15 ms of silence', () => {
    const host = opened();
    const action = converse(host, host.exchange(COMMAND), [
      [I0, 'damaged'],
      ['008100 quiet 15', '00 00 02 90 00'],
    ]);
    expect(action).toEqual(answerOf('9000'));
  });

  it('requests the response again with an R-block after the block waiting time', () => {
    const host = opened();
    const action = converse(host, host.exchange(COMMAND), [
      [I0, 'silence'],
      ['008000', '00 00 02 90 00'],
    ]);
    expect(action).toEqual(answerOf('9000'));
  });

  it('treats a block with a gap of 200 ms as damaged', () => {
    const host = opened();
    host.exchange(COMMAND);
    expect(host.receive(fromHex('00 00 02 90'))).toEqual({ do: 'more', gapMs: 200 });
    expect(sent(host.silence())).toBe('008100');
  });

  it('repeats its I-block on request', () => {
    const host = opened();
    const action = converse(host, host.exchange(COMMAND), [
      [I0, '00 81 00'],
      [I0, '00 00 02 90 00'],
    ]);
    expect(action).toEqual(answerOf('9000'));
  });

  it('repeats its acknowledgement of a chained response on request', () => {
    const host = opened();
    const action = converse(host, host.exchange(COMMAND), [
      [I0, '00 20 01 01'],
      ['009000', '00 91 00'],
      ['009000', '00 40 02 90 00'],
    ]);
    expect(action).toEqual(answerOf('019000'));
  });

  it('repeats its S(WTX response) on request', () => {
    const host = opened();
    const action = converse(host, host.exchange(COMMAND), [
      [I0, '00 C3 01 02'],
      ['00E30102 wait 2000', '00 91 00'],
      ['00E30102 wait 2000', '00 00 02 90 00'],
    ]);
    expect(action).toEqual(answerOf('9000'));
  });

  it('ignores a repeated response', () => {
    const host = opened();
    converse(host, host.exchange(COMMAND), [[I0, '00 00 02 90 00']]);
    host.exchange(COMMAND);
    expect(host.receive(block('00 00 02 90 00'))).toEqual({ do: 'wait-on' });
    expect(host.receive(block('00 40 02 90 01'))).toEqual(answerOf('9001'));
  });

  it('refuses another block with the old N(S)', () => {
    const host = opened();
    converse(host, host.exchange(COMMAND), [[I0, '00 00 02 90 00']]);
    host.exchange(COMMAND);
    expect(sent(host.receive(block('00 00 02 90 01')))).toBe('009200');
  });

  it('refuses a response before the whole command is sent', () => {
    const host = opened();
    host.exchange(new Uint8Array(300));
    expect(sent(host.receive(block('00 00 02 90 00')))).toBe('008200');
  });

  it.each(['00 C0 00', '00 C2 00'])('refuses %s', (request) => {
    const host = opened();
    host.exchange(COMMAND);
    expect(sent(host.receive(block(request)))).toBe('008200');
  });
});

describe('the T=1 host after repeated errors', () => {
  const silences = (first: string): [string, string][] => [
    [first, 'silence'],
    ['008000', 'silence'],
    ['008000', 'silence'],
    ['008000', 'silence'],
  ];

  it('requests the response three times, resynchronises three times, and fails with link-timeout', () => {
    const host = opened();
    const action = converse(host, host.exchange(COMMAND), [
      ...silences(I0),
      [RESYNCH_REQUEST, 'silence'],
      [RESYNCH_REQUEST, 'silence'],
      [RESYNCH_REQUEST, 'silence'],
    ]);
    expect(action).toMatchObject({ do: 'fail', code: 'link-timeout' });
    expect(() => host.exchange(COMMAND)).toThrow(RangeError);
  });

  it('fails with link-garbled when it resynchronises after the whole command was sent', () => {
    const host = opened();
    const action = converse(host, host.exchange(COMMAND), [...silences(I0), [RESYNCH_REQUEST, RESYNCH_RESPONSE]]);
    expect(action).toMatchObject({ do: 'fail', code: 'link-garbled' });
  });

  it('restarts a command after S(RESYNCH) when its last part was not sent yet', () => {
    const host = opened();
    const command = new Uint8Array(300);
    const first = `0020FE${'00'.repeat(254)}`;
    const action = converse(host, host.exchange(command), [
      [first, '00 80 00'],
      [first, '00 80 00'],
      [first, '00 80 00'],
      [first, '00 80 00'],
      [RESYNCH_REQUEST, RESYNCH_RESPONSE],
      [IFS_REQUEST, IFS_RESPONSE],
      [first, '00 90 00'],
      [`00402E${'00'.repeat(46)}`, '00 00 02 90 00'],
    ]);
    expect(action).toEqual(answerOf('9000'));
  });

  it('fails the link for a response that is longer than the longest APDU', () => {
    const host = opened();
    let action = host.exchange(COMMAND);
    let count = 0;
    for (let ns = 0; action.do === 'send'; ns ^= 0x40, count++) {
      action = host.receive(block(`00 ${hexNumber(ns | 0x20)} FE ${'00'.repeat(254)}`));
    }
    expect(action).toMatchObject({ do: 'fail', code: 'link-garbled' });
    expect(count).toBe(Math.ceil((0x10002 + 1) / 254));
  });
});
