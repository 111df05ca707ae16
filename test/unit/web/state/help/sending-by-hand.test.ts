// Commands by hand at a station with simulated units: when the page sends one, in which state it leaves
// the lane, and how it marks the exchange.
import { describe, expect, it } from 'vitest';
import { u16 } from '#protocol/bytes/integers.ts';
import { isWithin } from '#web/state/help/past-attempts.ts';
import { SendingByHand } from '#web/state/help/sending-by-hand.svelte.ts';
import type { Lane } from '#web/state/station/lane.svelte.ts';
import type { UnitLoader } from '#web/state/station/unit-loader.ts';
import {
  attached,
  type BenchParts,
  type Cable,
  cable,
  createBench,
  cutOff,
  GET_CHALLENGE,
  IMPORTKEY,
  load,
  NOW,
  SELECT,
} from '../station/station-fixture.ts';

const GET_IDENTITY = 0xca;
const IDENTIFY = 0xce;
const APDU = {
  select: '00A4040006F0544B4C310100',
  unknownSuite: '8084007F00',
  identity: '80 ca 00 00 00',
  challenge: '8084000100',
  identify: '80CE0000',
  importKey: '80D8000002AAAA00',
};

interface TestSending {
  readonly bench: BenchParts;
  readonly sending: SendingByHand;
}

async function station(): Promise<TestSending> {
  const bench = await createBench();
  await bench.session.signIn('token');
  const sending = new SendingByHand({ station: bench.station, now: NOW });
  sending.setOn(true);
  return { bench, sending };
}

async function ready(options: Parameters<typeof cable>[0] = {}): Promise<TestSending & { wire: Cable; lane: Lane }> {
  const wire = cable(options);
  const made = await station();
  return { ...made, wire, lane: await attached(made.bench, wire) };
}

async function send(sending: SendingByHand, text: string): Promise<void> {
  sending.enter(text);
  await sending.send();
}

/** Command, status word and mark of each exchange. */
const exchangesOf = ({ trace }: Lane): readonly string[] =>
  trace.exchanges.map(
    ({ command, statusWord, isByHand }) => `${command} ${statusWord?.toString(16)}${isByHand ? ' by hand' : ''}`,
  );

describe('a command by hand', () => {
  it('is sent to the unit and marked, and then the lane reads the unit again', async () => {
    const { sending, lane } = await ready();
    await send(sending, APDU.identity);
    expect(exchangesOf(lane)).toEqual(['SELECT 9000', 'GET IDENTITY 9000 by hand', 'SELECT 9000']);
    expect(sending.result).toEqual({
      is: 'answered',
      sent: lane.trace.exchanges[1],
      last: lane.trace.exchanges[1],
    });
    expect([lane.phase.is, sending.obstacle, sending.isSending]).toEqual(['ready', undefined, false]);
  });

  it('leaves the unit ready for a load, also after SELECT, a challenge and a refused one', async () => {
    const { sending, lane } = await ready();
    for (const text of [APDU.select, APDU.challenge, APDU.unknownSuite]) await send(sending, text);
    expect(sending.result).toMatchObject({ last: { statusWord: 0x6a80, isByHand: true } });
    await load(lane, 1);
    expect(lane.phase.is).toBe('done');
    await send(sending, '80CB0002 00');
    expect(sending.result).toMatchObject({ last: { command: 'GET RECEIPT', statusWord: 0x9000 } });
    expect(lane.phase.is).toBe('ready');
  });

  it('is sent after a failed load, and the key is then loaded', async () => {
    const { sending, wire, lane } = await ready();
    wire.lie = { ins: IMPORTKEY, statusWord: 0x6581 };
    wire.cut = { ins: GET_CHALLENGE, when: 'silence' };
    await load(lane, 1);
    expect(lane.phase.is).toBe('failed');
    [wire.lie, wire.cut] = [undefined, undefined];
    expect(sending.obstacle).toBe('unread');
    await lane.retry();
    await send(sending, APDU.identity);
    expect(lane.phase.is).toBe('ready');
    await load(lane, 1);
    expect(lane.phase.is).toBe('done');
  });

  it('ends an export request that the AS has not answered, because the unit may have lost its challenge', async () => {
    const { bench, sending, wire, lane } = await ready();
    bench.account.refuse('exportKey', 'service-unreachable');
    await load(lane, 1);
    expect(lane.phase).toMatchObject({ is: 'failed', failure: { code: 'service-unreachable' } });
    await send(sending, APDU.challenge);
    wire.commands.length = 0;
    await load(lane, 1);
    expect(wire.commands).toEqual([GET_CHALLENGE, IMPORTKEY]);
    expect(lane.phase.is).toBe('done');
  });

  it('has its whole response fetched with GET RESPONSE', async () => {
    const { sending, wire, lane } = await ready({ canBlink: true });
    wire.lie = { ins: IDENTIFY, statusWord: 0x6102 };
    wire.answers.push(Uint8Array.of(1, 2, ...u16(0x9000)));
    await send(sending, APDU.identify);
    expect(exchangesOf(lane).slice(1, 3)).toEqual(['IDENTIFY 6102 by hand', 'GET RESPONSE 9000 by hand']);
    expect(sending.result).toMatchObject({
      is: 'answered',
      sent: { command: 'IDENTIFY' },
      last: { command: 'GET RESPONSE', statusWord: 0x9000 },
    });
  });

  it('without an answer shows the failure, and the lane opens the link again', async () => {
    const { sending, wire, lane } = await ready();
    wire.cut = { ins: GET_IDENTITY, when: 'silence' };
    await send(sending, APDU.identity);
    expect(sending.result).toEqual({ is: 'failed', failure: { code: 'link-timeout' } });
    expect(exchangesOf(lane)).toContain('GET IDENTITY undefined by hand');
    expect(lane.phase.is).toBe('ready');
  });

  it('to a unit that is unplugged meanwhile shows the failure, and the unit returns', async () => {
    const { bench, sending, wire } = await ready();
    wire.cut = { ins: GET_IDENTITY, when: 'before' };
    await send(sending, APDU.identity);
    expect(sending.result).toEqual({ is: 'failed', failure: { code: 'device-lost' } });
    wire.cut = undefined;
    bench.remembered = [wire.link(2)];
    await bench.changed();
    expect(bench.station.lanes.at(-1)?.phase.is).toBe('ready');
  });

  it('is not sent without the switch, twice at once, or if it is not permitted', async () => {
    const { sending, wire, lane } = await ready();
    wire.commands.length = 0;
    await send(sending, APDU.importKey);
    await send(sending, '80 CA 00');
    sending.setOn(false);
    expect(sending.text).toBe('');
    await send(sending, APDU.identity);
    expect(wire.commands).toEqual([]);
    sending.setOn(true);
    sending.enter(APDU.identity);
    await Promise.all([sending.send(), sending.send()]);
    expect(wire.commands).toEqual([GET_IDENTITY, SELECT]);
    expect(lane.phase.is).toBe('ready');
  });

  it('keeps the lane from a load while it runs', async () => {
    const { sending, wire, lane } = await ready();
    lane.choice.chooseKey(1);
    const { chosen } = lane.choice;
    if (!chosen) throw new TypeError('nothing is chosen');
    wire.beforeCommand = async (ins) => {
      if (ins !== GET_IDENTITY) return;
      expect([lane.phase.is, sending.obstacle, lane.canBlink]).toEqual(['reading', 'busy', false]);
      await expect(lane.load(chosen)).rejects.toThrow(RangeError);
    };
    await send(sending, APDU.identity);
    expect(sending.result?.is).toBe('answered');
  });

  it('lets an order that was opened meanwhile load the unit', async () => {
    const { bench, sending, wire, lane } = await ready();
    const arrived: Lane[] = [];
    wire.beforeCommand = async (ins) => {
      if (ins === GET_IDENTITY) bench.station.assign(loader((each) => arrived.push(each)));
    };
    await send(sending, APDU.identity);
    expect(arrived).toEqual([lane]);
  });

  it('belongs to no attempt', () => {
    const within = isWithin({ startedAt: '2026-11-30T10:00:00Z', outcome: 'running', steps: [] });
    const at = '2026-11-30T10:00:01Z';
    expect([within({ at }), within({ at, isByHand: true })]).toEqual([true, false]);
  });
});

function loader(onArrive: (lane: Lane) => void): UnitLoader {
  return {
    arrive: async (lane) => onArrive(lane),
    recover: async () => undefined,
    refuseDuplicate: async () => undefined,
    progress: { id: '1', done: 0, total: 1, failed: 0, isRunning: false },
  };
}

describe('no command is sent by hand', () => {
  it('without a unit, or with several until one is chosen', async () => {
    const { bench, sending } = await station();
    expect(sending.obstacle).toBe('no-unit');
    const first = await attached(bench, cable(), 1);
    expect([sending.lane, sending.obstacle]).toEqual([first, undefined]);
    const second = await attached(bench, cable({ sn: new Uint8Array(16).fill(8) }), 2);
    expect([sending.lane, sending.obstacle]).toEqual([undefined, 'not-chosen']);
    sending.choose(second);
    expect([sending.lane, sending.obstacle]).toEqual([second, undefined]);
    // A command for one unit is not sent to another one.
    await bench.station.remove(second);
    expect([sending.lane, sending.obstacle]).toEqual([undefined, 'not-chosen']);
    sending.choose(first);
    expect([sending.lane, sending.obstacle]).toEqual([first, undefined]);
  });

  it('while an order is open, even if its run is paused', async () => {
    const { bench, sending, wire } = await ready();
    bench.station.assign(loader(() => undefined));
    expect(sending.obstacle).toBe('order');
    wire.commands.length = 0;
    await send(sending, APDU.identity);
    expect(wire.commands).toEqual([]);
    bench.station.assign(undefined);
    expect(sending.obstacle).toBeUndefined();
  });

  it('during a load', async () => {
    const { sending, wire, lane } = await ready();
    const seen: unknown[] = [];
    wire.beforeCommand = async () => {
      seen.push(sending.obstacle);
      await send(sending, APDU.challenge);
    };
    await load(lane, 1);
    expect(seen).toEqual(['busy', 'busy']);
    expect(lane.phase.is).toBe('done');
    expect(exchangesOf(lane).filter((each) => each.endsWith('by hand'))).toEqual([]);
  });

  it('to a unit whose load has no outcome yet', async () => {
    const { bench, wire, lane } = await cutOff('after');
    expect(lane.phase.is).toBe('unknown');
    const sending = new SendingByHand({ station: bench.station, now: NOW });
    sending.setOn(true);
    expect(sending.obstacle).toBe('unplugged');
    bench.account.refuse('recallExport', 'service-unreachable');
    bench.account.refuse('verifyReceipt', 'service-unreachable');
    bench.remembered = [wire.link(2)];
    await bench.changed();
    expect(lane.phase.is).toBe('unverified');
    expect(sending.obstacle).toBe('unsettled');
    await lane.retry();
    expect([lane.phase.is, sending.obstacle]).toEqual(['done', undefined]);
  });

  it('to a unit that is unplugged, was not read, or is in another tab', async () => {
    const { sending, wire, bench } = await ready();
    wire.pull();
    await expect.poll(() => sending.obstacle).toBe('unplugged');
    const silent = cable();
    silent.cut = { ins: SELECT, when: 'silence' };
    const unread = await attached(bench, silent, 5);
    sending.choose(unread);
    expect(sending.obstacle).toBe('unread');
    const { sending: other, lane } = await ready();
    await lane.closeForOtherTab();
    expect(other.obstacle).toBe('elsewhere');
  });
});
