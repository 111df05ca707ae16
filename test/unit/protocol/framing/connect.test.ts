import { describe, expect, it } from 'vitest';
import { concat } from '#protocol/bytes/bytes.ts';
import { fromHex } from '#protocol/bytes/hex.ts';
import { CcidDevice } from '#protocol/framing/ccid-device.ts';
import { ccidHost } from '#protocol/framing/ccid-host.ts';
import { connect, MAX_EXCHANGE_MS } from '#protocol/framing/connect.ts';
import type { Port } from '#protocol/framing/port.ts';
import { encodeSBlock } from '#protocol/framing/t1-block.ts';
import { T1Card } from '#protocol/framing/t1-card.ts';
import { t1Host } from '#protocol/framing/t1-host.ts';
import { drive, PipeClock, pipe, type RunCommand } from '#test/support/pipe.ts';

const COMMAND = fromHex('80CA000000');
const OK = fromHex('9000');
const LINKS = [
  ['T=1', () => t1Host(), () => new T1Card()],
  ['CCID', () => ccidHost(), () => new CcidDevice()],
] as const;

describe.each(LINKS)('connect over %s', (_name, host, card) => {
  const setUp = (run: RunCommand) => {
    const clock = new PipeClock();
    const ends = pipe(clock);
    drive(clock, ends.unit, card(), run);
    return { clock, ends };
  };

  it('exchanges one APDU after the other', async () => {
    const { clock, ends } = setUp(async (command) => concat(command, 0x90, 0x00));
    const work = async () => {
      const transmit = await connect(ends.host, host(), clock.now);
      return [await transmit(COMMAND), await transmit(fromHex('00A40400'))];
    };
    expect(await clock.run(work())).toEqual([fromHex('80CA0000009000'), fromHex('00A404009000')]);
  });

  it('waits 70 s for a command while the unit requests time extensions', async () => {
    const { clock, ends } = setUp(async () => {
      await clock.sleep(70_000);
      return OK;
    });
    const transmit = await clock.run(connect(ends.host, host(), clock.now));
    expect(await clock.run(transmit(COMMAND))).toEqual(OK);
    expect(ends.host.isClosed).toBe(false);
  });

  it('times out after MAX_EXCHANGE_MS despite time extensions', async () => {
    const { clock, ends } = setUp(() => new Promise(() => undefined));
    const transmit = await clock.run(connect(ends.host, host(), clock.now));
    const begun = clock.now();
    await expect(clock.run(transmit(COMMAND))).rejects.toMatchObject({ code: 'link-timeout' });
    expect(clock.now() - begun).toBe(MAX_EXCHANGE_MS);
    expect(ends.host.isClosed).toBe(true);
  });

  it('refuses a second exchange while an exchange is pending, and completes the first', async () => {
    const { clock, ends } = setUp(async () => OK);
    const transmit = await clock.run(connect(ends.host, host(), clock.now));
    const first = transmit(COMMAND);
    await expect(transmit(COMMAND)).rejects.toThrow(new RangeError('an exchange is open on this link'));
    expect(await clock.run(first)).toEqual(OK);
    expect(await clock.run(transmit(COMMAND))).toEqual(OK);
  });

  it('closes the port after a timeout, and rejects later exchanges with the same error', async () => {
    const clock = new PipeClock();
    const ends = pipe(clock, { toUnit: (bytes, index) => (index < 2 ? [bytes] : []) });
    drive(clock, ends.unit, card(), async () => OK);
    const transmit = await clock.run(connect(ends.host, host(), clock.now));
    await expect(clock.run(transmit(COMMAND))).rejects.toMatchObject({ code: 'link-timeout' });
    expect(ends.host.isClosed).toBe(true);
    await expect(transmit(COMMAND)).rejects.toMatchObject({ code: 'link-timeout' });
  });

  it('closes the port when the link cannot be opened', async () => {
    const clock = new PipeClock();
    const ends = pipe(clock);
    await expect(clock.run(connect(ends.host, host(), clock.now))).rejects.toMatchObject({ code: 'link-timeout' });
    expect(ends.host.isClosed).toBe(true);
  });

  it('rejects with device-lost when the port is closed', async () => {
    const { clock, ends } = setUp(() => new Promise(() => undefined));
    const transmit = await clock.run(connect(ends.host, host(), clock.now));
    clock.after(10, () => void ends.host.close());
    await expect(clock.run(transmit(COMMAND))).rejects.toMatchObject({ code: 'device-lost' });
  });
});

describe('connect and the clock', () => {
  it('keeps the deadline even if messages with a wrong bSeq arrive', async () => {
    const clock = new PipeClock();
    const ends = pipe(clock);
    const framing = new CcidDevice();
    drive(clock, ends.unit, framing, () => {
      const chatter = (): void => {
        void ends.unit.write(fromHex('80 02000000 00 77 00 00 00 9000'));
        clock.after(10, chatter);
      };
      chatter();
      return new Promise(() => undefined);
    });
    // The unit first requests more time after 500 ms, but the host waits only 200 ms.
    const transmit = await clock.run(connect(ends.host, ccidHost({ bwtMs: 200 }), clock.now));
    const begun = clock.now();
    await expect(clock.run(transmit(COMMAND))).rejects.toMatchObject({ code: 'link-timeout' });
    expect(clock.now() - begun).toBe(200);
  });

  it('writes without a read before when the framing asks for no silence', async () => {
    const calls: string[] = [];
    const port: Port = {
      read: async () => {
        calls.push('read');
        return calls.length === 2 ? fromHex('81 00000000 00 00 01 00 00') : undefined;
      },
      write: async () => void calls.push('write'),
      close: async () => undefined,
    };
    await expect(connect(port, ccidHost(), () => 0)).rejects.toMatchObject({ code: 'link-timeout' });
    expect(calls).toEqual(['write', 'read', 'write', 'read']);
  });

  it('drains a line that is never silent for at most 2 s before it writes', async () => {
    const clock = new PipeClock();
    const ends = pipe(clock);
    const chatter = (): void => {
      if (clock.now() > 5000) return;
      void ends.unit.write(fromHex('55'));
      clock.after(20, chatter);
    };
    chatter();
    let firstWrite: number | undefined;
    ends.unit.listen(() => {
      firstWrite ??= clock.now();
    });
    const opening = connect(ends.host, t1Host(), clock.now);
    await expect(clock.run(opening)).rejects.toMatchObject({ code: 'link-garbled' });
    expect(firstWrite).toBe(2000);
  });

  it('drains boot text until 100 ms of silence before it writes', async () => {
    const clock = new PipeClock();
    const ends = pipe(clock);
    drive(clock, ends.unit, new T1Card(), async () => OK);
    for (let at = 0; at <= 400; at += 50) clock.after(at, () => void ends.unit.write(fromHex('426F6F740D0A')));
    await clock.run(connect(ends.host, t1Host(), clock.now));
    expect(clock.now()).toBe(500);
    expect(ends.host.written).toEqual([
      encodeSBlock('resynch', false, 0, 'crc'),
      encodeSBlock('ifs', false, 254, 'crc'),
    ]);
  });

  it('waits at most 200 ms for the rest of a block', async () => {
    const clock = new PipeClock();
    const ends = pipe(clock, {
      toHost: (bytes, index) => (index === 2 ? [bytes.subarray(0, 4)] : [bytes]),
    });
    drive(clock, ends.unit, new T1Card(), async () => OK);
    const transmit = await clock.run(connect(ends.host, t1Host(), clock.now));
    const begun = clock.now();
    expect(await clock.run(transmit(COMMAND))).toEqual(OK);
    expect(clock.now() - begun).toBe(200);
  });

  it('keeps the port open after an APDU that is too long for the link', async () => {
    const clock = new PipeClock();
    const ends = pipe(clock);
    drive(clock, ends.unit, new CcidDevice(), async () => OK);
    const transmit = await clock.run(connect(ends.host, ccidHost(), clock.now));
    await expect(transmit(new Uint8Array(1310))).rejects.toThrow(RangeError);
    expect(ends.host.isClosed).toBe(false);
    expect(await clock.run(transmit(COMMAND))).toEqual(OK);
  });
});
