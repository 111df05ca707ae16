// The worked examples of TKL/1, made by an independent implementation: every intermediate value of suites 01, 02, 04 and 01 signed.
// (The file also holds suite 05, which is reserved: it serves as a case that must be refused.)

import type { Bytes } from '#protocol/bytes/bytes.ts';
import { fromHex } from '#protocol/bytes/hex.ts';
import { readU8, readU16, readU32 } from '#protocol/bytes/integers.ts';
import { isSuiteId, type SuiteId } from '#protocol/tkl/suites.ts';
import file from '../vectors/tkl1-worked-examples.json' with { type: 'json' };

type Row = (typeof file)[number];

/** Octets of a field that every example has. */
export function octets(row: Row, field: keyof Row): Bytes {
  return fromHex(String(row[field] ?? ''));
}

export interface WorkedExample {
  readonly title: string;
  readonly suite: SuiteId;
  readonly signed: boolean;
  readonly set: number;
  readonly tkv: number;
  readonly ref1: number;
  readonly ref2: number;
  readonly akv: number;
  readonly xc: number;
  /** Any field of the file as octets. */
  of(field: keyof Row): Bytes;
}

export const WORKED_EXAMPLES: readonly WorkedExample[] = file.flatMap((row) => {
  const suite = readU8(octets(row, 'suite'), 0);
  if (!isSuiteId(suite)) return [];
  const signed = row.SIG !== '';
  return [
    {
      title: `suite ${row.suite}${signed ? ', signed' : ''}`,
      suite,
      signed,
      set: readU32(octets(row, 'SET'), 0),
      tkv: readU8(octets(row, 'TKV'), 0),
      ref1: readU16(octets(row, 'REF1'), 0),
      ref2: readU16(octets(row, 'REF2'), 0),
      akv: readU32(octets(row, 'AKV'), 0),
      xc: readU32(octets(row, 'XC'), 0),
      of: (field: keyof Row) => octets(row, field),
    },
  ];
});

/** DATA of a reserved suite (05), which everyone must refuse. */
export const RESERVED_SUITE_DATA: Bytes = octets(file.find((row) => row.suite === '05') ?? (file[0] as Row), 'DATA');
