// Benchmark 4: the time that codecs take for hostile bytes. Compares one long message with four
// messages of a quarter of its length. Both must take about the same time: if the cost grew with
// the square of the length, the long message would take four times as long.
import { toHex } from '#protocol/bytes/hex.ts';
import { ccidHost } from '#protocol/framing/ccid-host.ts';
import type { HostFraming } from '#protocol/framing/host-framing.ts';
import { encodeIBlock, encodeSBlock } from '#protocol/framing/t1-block.ts';
import { T1Card } from '#protocol/framing/t1-card.ts';
import { t1Host } from '#protocol/framing/t1-host.ts';
import { median, type Row, row } from './row.ts';

const SMALL = 16_384;
const GROWTH = 4;
const ROUNDS = 9;
/**
 * Maximum ratio of the time for the long message to the time for the four short ones. The ideal
 * ratio is 1; the rest allows for noise in the measurement.
 */
const LIMIT = 1.5;

export function hostileBytes(): Row[] {
  return Object.entries(CASES).map(([name, run]) => {
    const ratios: number[] = [];
    for (let round = -2; round < ROUNDS; round++) {
      const small = time(() => {
        for (let i = 0; i < GROWTH; i++) run(SMALL);
      });
      const large = time(() => run(SMALL * GROWTH));
      if (round >= 0) ratios.push(large / small);
    }
    return row(
      4,
      `hostile bytes, ${name}: ${GROWTH}× the bytes at once against ${GROWTH} times`,
      median(ratios),
      LIMIT,
      '×',
    );
  });
}

const CASES: Readonly<Record<string, (length: number) => void>> = {
  'noise to the T=1 host, byte by byte': (length) => {
    feed(openT1, noise(length), 1);
  },
  'noise to the T=1 host in one piece': (length) => {
    feed(openT1, noise(length), length);
  },
  'an endless chain to the T=1 host': (length) => {
    const blocks: Uint8Array[] = [];
    for (let i = 0; i < length / 254; i++)
      blocks.push(encodeIBlock(i % 2 === 0 ? 0 : 1, true, new Uint8Array(254), 'crc'));
    const host = openT1();
    for (const block of blocks) host.receive(block);
  },
  'noise to the CCID host': (length) => {
    feed(() => opened(ccidHost()), noise(length), 512);
  },
  'noise to the T=1 card': (length) => {
    const card = new T1Card();
    for (const byte of noise(length)) card.receive(Uint8Array.of(byte));
  },
  'hexadecimal text': (length) => {
    toHex(noise(length));
  },
};

function openT1(): HostFraming {
  const host = t1Host();
  host.open();
  host.receive(encodeSBlock('resynch', true, 0, 'crc'));
  host.receive(encodeSBlock('ifs', true, 254, 'crc'));
  return opened(host);
}

/** Starts an exchange if the framing is ready for one, otherwise opens the framing. */
function opened(host: HostFraming): HostFraming {
  try {
    host.exchange(Uint8Array.of(0x80, 0xca, 0, 0, 0));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    host.open();
  }
  return host;
}

/**
 * Feeds the bytes to a framing in pieces. Replaces the framing each time it fails or completes an
 * exchange.
 */
function feed(make: () => HostFraming, bytes: Uint8Array, piece: number): void {
  let host = make();
  for (let offset = 0; offset < bytes.length; offset += piece) {
    const action = host.receive(bytes.subarray(offset, offset + piece));
    if (action.do === 'fail' || action.do === 'done') host = make();
  }
}

/** Returns pseudo-random bytes, which are the same in every run and contain no valid block. */
function noise(length: number): Uint8Array {
  let state = 0x9e3779b9;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}

function time(run: () => void): number {
  const start = performance.now();
  run();
  return performance.now() - start;
}
