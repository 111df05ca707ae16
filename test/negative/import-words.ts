// The word that IMPORTKEY must be answered with when one single bit of it is turned, derived from the order of checks in
// docs/protocol.md clauses 4.1 and 4.5, octet by octet; it looks at no unit. test/vectors/import-flips.json holds the same as a table.
import { readU16 } from '#protocol/bytes/integers.ts';
import { SUITES, type SuiteId } from '#protocol/tkl/suites.ts';
import { flipped, importCommand, SLOTS, word } from './fixture.ts';

export interface FlipCase {
  readonly title: string;
  readonly suite: SuiteId;
  /** Signed, and the unit requires it. The command is then long, and goes in extended length. */
  readonly signed: boolean;
  /** The suites that the unit allows. */
  readonly allowed: readonly SuiteId[];
}

export const FLIP_CASES: readonly FlipCase[] = [
  { title: 'suite 01', suite: 0x01, signed: false, allowed: [0x01, 0x02] },
  { title: 'suite 02', suite: 0x02, signed: false, allowed: [0x01, 0x02] },
  { title: 'suite 04', suite: 0x04, signed: false, allowed: [0x04] },
  { title: 'suite 01, signed', suite: 0x01, signed: true, allowed: [0x01, 0x02] },
];

const EI_INSTRUCTIONS = [0xca, 0x84, 0xd8, 0xcb];
const RECEIPT_LENGTH = 64;
const REF2 = 0x0002;

/** Where the parts of the command begin. */
function layout(data: Uint8Array, { signed }: FlipCase) {
  const lengthField = signed ? 3 : 1;
  const dataAt = 4 + lengthField;
  return { dataAt, bodyAt: dataAt + 50, ref2At: dataAt + data.length, leAt: dataAt + data.length + 2 };
}

/** `bit` counts from the highest bit of the first octet of the command. */
export function expectedWord(data: Uint8Array, flipCase: FlipCase, bit: number): string {
  const command = flipped(importCommand(data, REF2), bit);
  const { dataAt, bodyAt, ref2At, leAt } = layout(data, flipCase);
  const at = bit >> 3;
  if (at === 0) return wordOfClass(command[0] ?? 0);
  if (at === 1) return EI_INSTRUCTIONS.includes(command[1] ?? 0) ? '6A86' : '6D00';
  if (at < 4) return '6A86';
  // Lc: either the command is malformed, or Le becomes data, and then Lc is not what DATA needs.
  if (at < dataAt) return '6700';
  if (at < bodyAt) return wordOfHeader(command.subarray(dataAt, bodyAt), at - dataAt, flipCase);
  // BODY, TAG and SIG: the first check that a key decides.
  if (at < ref2At) return '6988';
  // REF2 is not in DATA: a slot that the unit has is refused after all the rest, for HDR.SLOT.
  if (at < leAt) return SLOTS.includes(readU16(command, ref2At)) ? '9401' : '6A88';
  return wordOfLe(command.subarray(leAt));
}

/** CLA 90 makes it the first part of a chain, CLA 00 another command, and no other class is known. */
function wordOfClass(cla: number): string {
  if (cla === 0x90) return '9000';
  return cla === 0x00 ? '6D00' : '6E00';
}

/** `header` is HDR ‖ BLEN with the bit turned, `at` the octet that it is in. */
function wordOfHeader(header: Uint8Array, at: number, { suite, allowed }: FlipCase): string {
  if (at < 4) return '6A80';
  if (at === 4) {
    const isAllowed = allowed.some((id) => id === header[4]);
    if (isAllowed) throw new RangeError('two allowed suites are one bit apart: the derivation must say what follows');
    return '6A80';
  }
  // b0 is 0, b1 is not as this unit requires, or another bit is 1.
  if (at === 5) return '6A80';
  // Every other field of HDR is in C, and so in the key of TAG.
  if (at < 48) return '6988';
  // A length that the suite can have is a length that Lc does not fit.
  const bodyLength = readU16(header, 48);
  return bodyLength === 0 || SUITES[suite].bodyLengths.includes(bodyLength) ? '6700' : '6A80';
}

/** Done: as much of the receipt as Le asks for, and 61xx for the rest. Le of zeros asks for all. */
function wordOfLe(le: Uint8Array): string {
  const asked = le.length === 1 ? (le[0] ?? 0) : readU16(le, 0);
  return asked === 0 || asked >= RECEIPT_LENGTH ? '9000' : word(0x6100 + RECEIPT_LENGTH - asked);
}

/** A row of the table: octets of the command from `from` to `to`, and for each the words of its bits, the highest first. */
export interface FlipRow {
  readonly octets: readonly [from: number, to: number];
  /** One word where all eight are the same. */
  readonly words: string;
}

/** The words of all bits of a command, octets that have the same ones joined. */
export function rowsOf(wordOf: (bit: number) => string, octets: number): FlipRow[] {
  const rows: { octets: [number, number]; words: string }[] = [];
  for (let at = 0; at < octets; at++) {
    const words = Array.from({ length: 8 }, (_, i) => wordOf(8 * at + i));
    const text = new Set(words).size === 1 ? (words[0] ?? '') : words.join(' ');
    const last = rows.at(-1);
    if (last?.words === text) last.octets[1] = at;
    else rows.push({ octets: [at, at], words: text });
  }
  return rows;
}
