// The T=1 host on a line that returns what the host sends, as a two-wire adapter does. The host
// ignores its own blocks. If nothing else answers, it reports that the line echoes.
import { describe, expect, it } from 'vitest';
import { type Bytes, concat } from '#protocol/bytes/bytes.ts';
import { fromHex, toHex } from '#protocol/bytes/hex.ts';
import type { Edc } from '#protocol/framing/edc.ts';
import type { HostAction, HostFraming } from '#protocol/framing/host-framing.ts';
import { encodeRBlock, encodeSBlock } from '#protocol/framing/t1-block.ts';
import { T1Card } from '#protocol/framing/t1-card.ts';
import { t1Host } from '#protocol/framing/t1-host.ts';

const COMMAND = fromHex('80 84 00 01 00');
const RESPONSE = concat(new Uint8Array(32).fill(7), 0x90, 0x00);

interface LineOptions {
  readonly edc?: Edc;
  /** Returns the echo of a sent block, in the pieces in which the host receives it. */
  readonly echo: (sent: Bytes) => readonly Uint8Array[];
  /** Whether the unit is connected. */
  readonly isUnitThere?: boolean;
  /** How many of the unit's next responses are lost. */
  lost?: number;
}

/**
 * A line that echoes, with a unit. drive() runs the host until the exchange is done or fails.
 * `runs` counts the commands that the unit runs, `sends` the blocks that the host sends.
 */
class EchoingLine {
  readonly host: HostFraming;
  readonly #options: LineOptions;
  readonly #unit: T1Card;
  runs = 0;
  sends = 0;

  constructor(options: LineOptions) {
    const { edc = 'crc' } = options;
    this.#options = options;
    this.host = t1Host({ edc });
    this.#unit = new T1Card({ edc });
  }

  drive(first: HostAction): HostAction {
    let action = first;
    for (let turns = 0; turns < 100; turns++) {
      if (action.do === 'done' || action.do === 'fail') return action;
      const arrived = action.do === 'send' ? this.#transfer(action.bytes) : [];
      if (arrived.length === 0) action = this.host.silence();
      for (const bytes of arrived) {
        action = this.host.receive(bytes);
        if (!['wait-on', 'more', 'wait'].includes(action.do)) break;
      }
    }
    throw new Error('the exchange does not end');
  }

  #transfer(sent: Bytes): readonly Uint8Array[] {
    this.sends++;
    return [...this.#options.echo(sent), ...this.#answer(sent)];
  }

  #answer(sent: Bytes): readonly Uint8Array[] {
    if (this.#options.isUnitThere === false) return [];
    const answers: Uint8Array[] = [];
    for (const action of this.#unit.receive(sent)) {
      if (action.do === 'send') answers.push(action.bytes);
      if (action.do !== 'run') continue;
      this.runs++;
      for (const next of this.#unit.answer(action.ticket, RESPONSE)) if (next.do === 'send') answers.push(next.bytes);
    }
    if (!this.#options.lost) return answers;
    this.#options.lost--;
    return [];
  }
}

const bytewise = (sent: Bytes): readonly Uint8Array[] => [...sent].map((byte) => Uint8Array.of(byte));
const whole = (sent: Bytes): readonly Uint8Array[] => [sent.slice()];
const twoPieces = (sent: Bytes): readonly Uint8Array[] => [sent.slice(0, 2), sent.slice(2)];

describe('a line that echoes and has a unit', () => {
  it.each([
    ['byte by byte', bytewise, 'crc'],
    ['at once', whole, 'crc'],
    ['in two pieces', twoPieces, 'lrc'],
    ['with LRC', whole, 'lrc'],
  ] as const)('is opened and used like a line without an echo (%s)', (_, echo, edc) => {
    const line = new EchoingLine({ echo, edc });
    expect(line.drive(line.host.open())).toEqual({ do: 'done', response: fromHex('') });
    for (let count = 0; count < 3; count++) {
      expect(line.drive(line.host.exchange(COMMAND.slice()))).toEqual({ do: 'done', response: RESPONSE });
    }
    expect(line.drive(line.host.exchange(new Uint8Array(600).fill(3)))).toEqual({ do: 'done', response: RESPONSE });
    expect([line.runs, line.sends]).toEqual([4, 2 + 3 + 3]);
  });

  it('does not treat the echo of an R-block as an answer of the unit', () => {
    const options: LineOptions = { echo: whole };
    const line = new EchoingLine(options);
    line.drive(line.host.open());
    options.lost = 1;
    expect(line.drive(line.host.exchange(COMMAND.slice()))).toEqual({ do: 'done', response: RESPONSE });
    expect(line.runs).toBe(1);
  });

  it('ignores an echo that arrives together with its answer, and an echo that arrives after the host has repeated', () => {
    const host = t1Host();
    const first = host.open();
    const request = first.do === 'send' ? first.bytes.slice() : fromHex('');
    expect(host.silence().do).toBe('send');
    expect(host.receive(request)).toEqual({ do: 'wait-on' });
    const ifs = host.receive(concat(request, encodeSBlock('resynch', true, 0, 'crc')));
    expect(ifs).toMatchObject({ do: 'send', bytes: encodeSBlock('ifs', false, 254, 'crc') });
    const echo = encodeSBlock('ifs', false, 254, 'crc');
    expect(host.receive(concat(echo, encodeSBlock('ifs', true, 254, 'crc'))).do).toBe('done');
    const command = host.exchange(COMMAND.slice());
    const sent = command.do === 'send' ? command.bytes.slice() : fromHex('');
    expect(host.silence()).toMatchObject({ bytes: encodeRBlock(0, 0, 'crc') });
    expect(host.receive(sent)).toEqual({ do: 'wait-on' });
  });

  it('treats an equal R-block as an answer of the unit if the line has no echo', () => {
    const line = new EchoingLine({ echo: () => [] });
    line.drive(line.host.open());
    line.host.exchange(COMMAND.slice());
    expect(line.host.silence()).toMatchObject({ bytes: encodeRBlock(0, 0, 'crc') });
    const again = line.host.receive(encodeRBlock(0, 0, 'crc'));
    expect(again.do === 'send' && toHex(again.bytes)).toContain(toHex(COMMAND));
  });
});

describe('a line that echoes and has no unit', () => {
  it.each([
    ['whole', whole],
    ['byte by byte', bytewise],
    ['twice', (sent: Bytes) => [sent.slice(), sent.slice()]],
    ['without its first byte', (sent: Bytes) => [sent.slice(1)]],
    ['without its last bytes', (sent: Bytes) => [sent.slice(0, 3)]],
    ['without its last bytes, byte by byte', (sent: Bytes) => bytewise(sent.slice(0, 4))],
    ['with a wrong last byte', (sent: Bytes) => [concat(sent.slice(0, -1), 0x00)]],
  ] as const)('is reported as an echo (%s)', (_, echo) => {
    const line = new EchoingLine({ echo, isUnitThere: false });
    expect(line.drive(line.host.open())).toMatchObject({ do: 'fail', code: 'link-echo' });
    expect(line.sends).toBe(3);
  });

  it('leads to a timeout if the unit has answered before', () => {
    const options = { echo: whole, isUnitThere: true };
    const line = new EchoingLine(options);
    line.drive(line.host.open());
    options.isUnitThere = false;
    expect(line.drive(line.host.exchange(COMMAND.slice()))).toMatchObject({ do: 'fail', code: 'link-timeout' });
  });
});
