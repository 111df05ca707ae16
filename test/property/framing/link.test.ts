// A host and a card exchange APDUs over a cable that splits, damages, loses and repeats
// transmissions.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Bytes, concat } from '#protocol/bytes/bytes.ts';
import { u16 } from '#protocol/bytes/integers.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type { CardFraming } from '#protocol/framing/card-framing.ts';
import { CcidDevice } from '#protocol/framing/ccid-device.ts';
import { ccidHost } from '#protocol/framing/ccid-host.ts';
import { connect } from '#protocol/framing/connect.ts';
import type { Edc } from '#protocol/framing/edc.ts';
import type { HostFraming } from '#protocol/framing/host-framing.ts';
import { T1Card } from '#protocol/framing/t1-card.ts';
import { t1Host } from '#protocol/framing/t1-host.ts';
import { flipBit } from '#test/support/bits.ts';
import { drive, type Fault, type Faults, PipeClock, pipe } from '#test/support/pipe.ts';

/** One exchange: the lengths of command and response, and the time until the unit responds. */
interface Turn {
  readonly commandLength: number;
  readonly responseLength: number;
  readonly thinkMs: number;
}

const turns = (maxLength: number): fc.Arbitrary<Turn[]> =>
  fc.array(
    fc.record({
      commandLength: fc.integer({ min: 4, max: maxLength }),
      responseLength: fc.integer({ min: 4, max: maxLength }),
      thinkMs: fc.constantFrom(0, 0, 20, 700, 1600),
    }),
    { minLength: 1, maxLength: 4 },
  );

/** Returns bytes that contain the index of their exchange, so that no two responses are equal. */
function numbered(index: number, length: number): Bytes {
  const bytes = new Uint8Array(length).map((_, offset) => offset * 7 + index);
  bytes.set(u16(index));
  bytes.set(u16(length), length - 2);
  return bytes;
}

interface Outcome {
  readonly answers: readonly Bytes[];
  /** The commands that the unit ran, in order. */
  readonly ran: readonly Bytes[];
  readonly failure: unknown;
  readonly isClosed: boolean;
}

async function converse(
  host: HostFraming,
  card: CardFraming,
  script: readonly Turn[],
  faults: Faults,
): Promise<Outcome> {
  const clock = new PipeClock();
  const ends = pipe(clock, faults);
  const ran: Bytes[] = [];
  drive(clock, ends.unit, card, async (command) => {
    ran.push(command);
    const index = (command[0] ?? 0) * 0x100 + (command[1] ?? 0);
    const turn = script[index];
    if (turn === undefined) throw new Error(`command ${index} was never sent`);
    if (turn.thinkMs > 0) await clock.sleep(turn.thinkMs);
    return numbered(index, turn.responseLength);
  });
  const answers: Bytes[] = [];
  const work = async (): Promise<unknown> => {
    try {
      const transmit = await connect(ends.host, host, clock.now);
      for (const [index, { commandLength }] of script.entries()) {
        answers.push(await transmit(numbered(index, commandLength)));
      }
      return undefined;
    } catch (error) {
      return error;
    }
  };
  const failure = await clock.run(work());
  return { answers, ran, failure, isClosed: ends.host.isClosed };
}

const commandsOf = (script: readonly Turn[]): Bytes[] =>
  script.map(({ commandLength }, index) => numbered(index, commandLength));
const answersOf = (script: readonly Turn[]): Bytes[] =>
  script.map(({ responseLength }, index) => numbered(index, responseLength));

function expectPerfect(outcome: Outcome, script: readonly Turn[]): void {
  expect(outcome.failure).toBeUndefined();
  expect(outcome.answers).toEqual(answersOf(script));
  expect(outcome.ran).toEqual(commandsOf(script));
}

/** Splits each transmission into pieces of the given sizes, cyclically. */
function splitting(sizes: readonly number[]): Fault {
  let turn = 0;
  return (bytes) => {
    const pieces: Uint8Array[] = [];
    for (let offset = 0; offset < bytes.length; ) {
      const size = sizes[turn++ % sizes.length] ?? 1;
      pieces.push(bytes.subarray(offset, offset + size));
      offset += size;
    }
    return pieces;
  };
}

type Mishap = (bytes: Bytes) => readonly Uint8Array[];

const mishap: fc.Arbitrary<Mishap> = fc.oneof(
  fc.nat().map(
    (where): Mishap =>
      (bytes) => [flipBit(bytes, where % (bytes.length * 8))],
  ),
  fc.constant<Mishap>(() => []),
  fc.constant<Mishap>((bytes) => [bytes, bytes]),
  fc.constant<Mishap>((bytes) => [concat(bytes, bytes)]),
  fc.constant<Mishap>((bytes) => [bytes, bytes, bytes]),
  fc.nat().map(
    (where): Mishap =>
      (bytes) => [bytes.subarray(0, where % bytes.length)],
  ),
  fc.uint8Array({ minLength: 1, maxLength: 20 }).map(
    (noise): Mishap =>
      (bytes) => [noise, bytes],
  ),
  fc.uint8Array({ minLength: 1, maxLength: 20 }).map(
    (noise): Mishap =>
      (bytes) => [concat(bytes, noise)],
  ),
);

const anyEdc = fc.constantFrom<Edc>('crc', 'lrc');
const sizes = fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 10 });

describe('a T=1 link', () => {
  it('transmits the same APDUs when both streams are split anywhere', async () => {
    await fc.assert(
      fc.asyncProperty(turns(700), anyEdc, sizes, sizes, async (script, edc, toUnit, toHost) => {
        const faults = { toUnit: splitting(toUnit), toHost: splitting(toHost) };
        expectPerfect(await converse(t1Host({ edc }), new T1Card({ edc }), script, faults), script);
      }),
      { numRuns: 60 },
    );
  });

  it('transmits the same APDUs to a card that announces a smaller IFSC', async () => {
    await fc.assert(
      fc.asyncProperty(turns(300), fc.integer({ min: 1, max: 254 }), async (script, ifsc) => {
        expectPerfect(await converse(t1Host(), new T1Card({ ifsc }), script, {}), script);
      }),
      { numRuns: 40 },
    );
  });

  it('runs each command once and returns its response when one block is damaged, lost or repeated', async () => {
    await fc.assert(
      fc.asyncProperty(
        turns(600),
        fc.nat({ max: 12 }),
        fc.boolean(),
        mishap,
        async (script, which, toUnit, happens) => {
          const fault: Fault = (bytes, index) => (index === which ? happens(bytes) : [bytes]);
          const faults = toUnit ? { toUnit: fault } : { toHost: fault };
          expectPerfect(await converse(t1Host(), new T1Card(), script, faults), script);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('never runs a command twice or accepts a wrong response, with any number of errors', async () => {
    const mishaps = fc.array(fc.option(mishap, { freq: 3 }), { minLength: 1, maxLength: 30 });
    const script = turns(600);
    await fc.assert(
      fc.asyncProperty(script, mishaps, mishaps, async (script, unitMishaps, hostMishaps) => {
        const faultOf =
          (mishaps: readonly (Mishap | null)[]): Fault =>
          (bytes, index) =>
            mishaps[index]?.(bytes) ?? [bytes];
        const faults = { toUnit: faultOf(unitMishaps), toHost: faultOf(hostMishaps) };
        const outcome = await converse(t1Host(), new T1Card(), script, faults);
        expect(outcome.answers).toEqual(answersOf(script).slice(0, outcome.answers.length));
        expect(outcome.ran).toEqual(commandsOf(script).slice(0, outcome.ran.length));
        expect(outcome.ran.length).toBeGreaterThanOrEqual(outcome.answers.length);
        if (outcome.answers.length < script.length) {
          expect(outcome.failure).toBeInstanceOf(ProtocolError);
          expect(outcome.isClosed).toBe(true);
        }
      }),
      { numRuns: 400 },
    );
  });
});

describe('a CCID link', () => {
  it('transmits the same APDUs when messages are split or joined in transfers', async () => {
    await fc.assert(
      fc.asyncProperty(turns(1309), sizes, sizes, async (script, toUnit, toHost) => {
        const faults = { toUnit: splitting(toUnit), toHost: splitting(toHost) };
        expectPerfect(await converse(ccidHost(), new CcidDevice(), script, faults), script);
      }),
      { numRuns: 60 },
    );
  });

  it('ignores responses to other messages', async () => {
    const stray = fc.tuple(
      fc.integer({ min: 1, max: 255 }),
      fc.constantFrom(0x80, 0x81),
      fc.uint8Array({ maxLength: 9 }),
    );
    await fc.assert(
      fc.asyncProperty(turns(300), stray, fc.nat({ max: 5 }), async (script, [distance, type, data], which) => {
        const toHost: Fault = (bytes, index) => {
          if (index !== which) return [bytes];
          const seq = ((bytes[6] ?? 0) + distance) & 0xff;
          return [concat(type, data.length, 0, 0, 0, 0, seq, 0, 0, 0, data), bytes];
        };
        expectPerfect(await converse(ccidHost(), new CcidDevice(), script, { toHost }), script);
      }),
      { numRuns: 60 },
    );
  });

  it('fails with a ProtocolError and closes the port, or returns the responses, when a message is lost', async () => {
    const lossy: fc.Arbitrary<Mishap> = fc.constantFrom<Mishap>(
      () => [],
      (bytes) => [bytes.subarray(0, 5)],
      (bytes) => [bytes, bytes],
    );
    await fc.assert(
      fc.asyncProperty(turns(300), fc.nat({ max: 8 }), lossy, async (script, which, happens) => {
        const toHost: Fault = (bytes, index) => (index === which ? happens(bytes) : [bytes]);
        const outcome = await converse(ccidHost(), new CcidDevice(), script, { toHost });
        expect(outcome.answers).toEqual(answersOf(script).slice(0, outcome.answers.length));
        expect(outcome.ran).toEqual(commandsOf(script).slice(0, outcome.ran.length));
        if (outcome.answers.length < script.length) {
          expect(outcome.failure).toBeInstanceOf(ProtocolError);
          expect(outcome.isClosed).toBe(true);
        }
      }),
      { numRuns: 80 },
    );
  });
});
