// Derives, without a unit, the status word that IMPORTKEY returns when one bit of the command is
// flipped. The derivation follows the order of checks in docs/protocol.md clauses 4.1 and 4.5.
// test/vectors/import-flips.json contains the same status words as a table.
import { readU16 } from '#protocol/bytes/integers.ts';
import { SUITES, type SuiteId } from '#protocol/tkl/suites.ts';
import { flipBit } from '#test/support/bits.ts';
import { importCommand, SLOTS, word } from './unit-setup.ts';

export interface FlipCase {
  readonly title: string;
  readonly suite: SuiteId;
  /** True if the unit requires SIG. The command is then sent in extended length. */
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

/** Returns the offsets of the parts of the command. */
function layout(data: Uint8Array, { signed }: FlipCase) {
  const lengthField = signed ? 3 : 1;
  const dataAt = 4 + lengthField;
  return { dataAt, bodyAt: dataAt + 50, ref2At: dataAt + data.length, leAt: dataAt + data.length + 2 };
}

/**
 * Returns the status word for a command in which `bit` is flipped. Bit 0 is the highest bit of the
 * first byte.
 */
export function expectedWord(data: Uint8Array, flipCase: FlipCase, bit: number): string {
  const command = flipBit(importCommand(data, REF2), bit);
  const { dataAt, bodyAt, ref2At, leAt } = layout(data, flipCase);
  const at = bit >> 3;
  if (at === 0) return wordOfClass(command[0] ?? 0);
  if (at === 1) return EI_INSTRUCTIONS.includes(command[1] ?? 0) ? '6A86' : '6D00';
  if (at < 4) return '6A86';
  // The bit is in Lc. Either the command is malformed, or Le counts as data and the data field is
  // one byte too long.
  if (at < dataAt) return '6700';
  if (at < bodyAt) return wordOfHeader(command.subarray(dataAt, bodyAt), at - dataAt, flipCase);
  // The bit is in BODY, TAG or SIG. The first check that uses a key fails.
  if (at < ref2At) return '6988';
  // The bit is in REF2, which DATA does not authenticate. If the slot exists, only the last check
  // refuses it: SLOT in HDR names another slot.
  if (at < leAt) return SLOTS.includes(readU16(command, ref2At)) ? '9401' : '6A88';
  return wordOfLe(command.subarray(leAt));
}

/**
 * Returns the status word for a flipped bit in CLA. CLA 90 starts a chain. CLA 00 has no command
 * with this INS. No other class is supported.
 */
function wordOfClass(cla: number): string {
  if (cla === 0x90) return '9000';
  return cla === 0x00 ? '6D00' : '6E00';
}

/**
 * Returns the status word for a flipped bit in HDR or BLEN. `header` is HDR ‖ BLEN with the flipped
 * bit, `at` the offset of the changed byte.
 */
function wordOfHeader(header: Uint8Array, at: number, { suite, allowed }: FlipCase): string {
  if (at < 4) return '6A80';
  if (at === 4) {
    const isAllowed = allowed.some((id) => id === header[4]);
    if (isAllowed) throw new RangeError('two allowed suites differ in one bit: this derivation does not cover that');
    return '6A80';
  }
  // The bit is in the flags: b0 is now 0, b1 is now wrong for this unit, or a reserved bit is now
  // 1.
  if (at === 5) return '6A80';
  // The bit is in another field of HDR. The key that verifies TAG is derived from all of HDR, so
  // TAG is wrong.
  if (at < 48) return '6988';
  // The bit is in BLEN. If the suite allows the new length, the length contradicts Lc.
  const bodyLength = readU16(header, 48);
  return bodyLength === 0 || SUITES[suite].bodyLengths.includes(bodyLength) ? '6700' : '6A80';
}

/**
 * Returns the status word for the value of Le. The import succeeds and returns Le bytes of the
 * receipt, with 61XX if more bytes are left.
 */
function wordOfLe(le: Uint8Array): string {
  const ne = le.length === 1 ? (le[0] ?? 0) : readU16(le, 0);
  return ne === 0 || ne >= RECEIPT_LENGTH ? '9000' : word(0x6100 + RECEIPT_LENGTH - ne);
}

/**
 * A row of the table: a range of bytes of the command whose flips have the same status words.
 */
export interface FlipRow {
  readonly bytes: readonly [from: number, to: number];
  /** The status words of the eight bits, highest bit first; one word if all are equal. */
  readonly words: string;
}

/**
 * Returns the status words of all bits of a command as rows. Adjacent bytes with the same words
 * share a row.
 */
export function rowsOf(wordOf: (bit: number) => string, length: number): FlipRow[] {
  const rows: { bytes: [number, number]; words: string }[] = [];
  for (let at = 0; at < length; at++) {
    const words = Array.from({ length: 8 }, (_, i) => wordOf(8 * at + i));
    const text = new Set(words).size === 1 ? (words[0] ?? '') : words.join(' ');
    const last = rows.at(-1);
    if (last?.words === text) last.bytes[1] = at;
    else rows.push({ bytes: [at, at], words: text });
  }
  return rows;
}
