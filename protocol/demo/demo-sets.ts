// The demo sets. Their transport keys T are published, so they protect nothing. An AS outside demo
// mode refuses these SETs and these T, and the page marks them as demo sets.

import type { Bytes } from '../bytes/bytes.ts';
import { hexNumber } from '../bytes/hex.ts';
import { ascii } from '../bytes/text.ts';
import type { KdfFamily } from '../tkl/suites.ts';

export interface DemoSet {
  readonly set: number;
  readonly tkv: number;
  readonly name: string;
  readonly profile: 'shared' | 'diversified';
  readonly family: KdfFamily;
  /** T, 32 ASCII characters, published on purpose. */
  readonly publishedTransportKey: Bytes;
}

export const DEMO_SETS: readonly DemoSet[] = [
  {
    set: 0xde300001,
    tkv: 0x01,
    name: 'Demo, T shared',
    profile: 'shared',
    family: 'cmac',
    publishedTransportKey: ascii('KEYFERRY-PUBLIC-DEMO-T-NO-SECRET'),
  },
  {
    set: 0xde300002,
    tkv: 0x01,
    name: 'Demo, T diversified',
    profile: 'diversified',
    family: 'cmac',
    publishedTransportKey: ascii('KEYFERRY-PUBLIC-DEMO-D-NO-SECRET'),
  },
  {
    set: 0xde300003,
    tkv: 0x01,
    name: 'Demo, ChaCha20',
    profile: 'diversified',
    family: 'hmac',
    publishedTransportKey: ascii('KEYFERRY-PUBLIC-DEMO-H-NO-SECRET'),
  },
];

/**
 * Returns the SN of a simulated unit of the demo page, as 32 hex digits. Indices 0 to 2 are the
 * units of DEMO_SETS, in the sequence of the table. Indices 0x40 to 0x47 are the units of DEMO_HUB.
 */
export function demoSerialNumber(index: number): string {
  return `454900000000${hexNumber(index + 7, 4)}`.padStart(32, '0');
}

/** Demo set and SNs of the units on the USB hub of the demo page. */
export const DEMO_HUB = {
  set: 0xde300002,
  serialNumbers: Array.from({ length: 8 }, (_, port) => demoSerialNumber(0x40 + port)),
} as const;
