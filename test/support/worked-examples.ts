// The worked examples of TKL/1 with every intermediate value, for suites 01, 02, 04 and for suite
// 01 with SIG. An independent implementation computed them. The file also has an example for the
// reserved suite 05, which every implementation must refuse.
import type { Bytes } from '#protocol/bytes/bytes.ts';
import { fromHex } from '#protocol/bytes/hex.ts';
import { readU8, readU16, readU32 } from '#protocol/bytes/integers.ts';
import { isSuiteId, type SuiteId } from '#protocol/tkl/suites.ts';
import file from '../vectors/tkl1-worked-examples.json' with { type: 'json' };

type Row = (typeof file)[number];

function bytesOf(row: Row, field: keyof Row): Bytes {
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
  /** Returns the bytes of a field of the example. */
  of(field: keyof Row): Bytes;
}

export const WORKED_EXAMPLES: readonly WorkedExample[] = file.flatMap((row) => {
  const suite = readU8(bytesOf(row, 'suite'), 0);
  if (!isSuiteId(suite)) return [];
  const signed = row.SIG !== '';
  return [
    {
      title: `suite ${row.suite}${signed ? ', signed' : ''}`,
      suite,
      signed,
      set: readU32(bytesOf(row, 'SET'), 0),
      tkv: readU8(bytesOf(row, 'TKV'), 0),
      ref1: readU16(bytesOf(row, 'REF1'), 0),
      ref2: readU16(bytesOf(row, 'REF2'), 0),
      akv: readU32(bytesOf(row, 'AKV'), 0),
      xc: readU32(bytesOf(row, 'XC'), 0),
      of: (field: keyof Row) => bytesOf(row, field),
    },
  ];
});

/** DATA of the example for suite 05. */
export const RESERVED_SUITE_DATA: Bytes = bytesOf(file.find((row) => row.suite === '05') ?? (file[0] as Row), 'DATA');
