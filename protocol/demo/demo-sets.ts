// The demo sets: their T are constants that everyone may read, so nothing that they protect is secret. An AS that is not in
// demo mode refuses these SETs and these T; the page marks them wherever they appear.

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
  /** T in clear, 32 ASCII characters: published on purpose. */
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

/** SN of a simulated unit of the demo page, as 32 hex digits; the first ones are of the demo sets, in their order, later ones those of the hub. */
export function demoSerialNumber(index: number): string {
  return `454900000000${hexNumber(index + 7, 4)}`.padStart(32, '0');
}

/** The demo set whose units hang on the hub of the demo page, and their SN. */
export const DEMO_HUB = {
  set: 0xde300002,
  serialNumbers: Array.from({ length: 8 }, (_, port) => demoSerialNumber(0x40 + port)),
} as const;
