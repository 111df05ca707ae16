// Classifies and formats status words SW1 SW2 (ISO/IEC 7816-4 clause 5.6). Their meanings are in
// status-words.ts, which the page loads only for Help.
import { hexNumber } from '../bytes/hex.ts';

const SUCCESS = 0x9000;

export function isSuccess(sw: number): boolean {
  return sw === SUCCESS;
}

/**
 * True iff the status word is an error that means "not done" or "memory unchanged" (ISO/IEC 7816-4
 * clause 5.6). After any other status word, such as 61xx, 65xx, 6Cxx or 6Fxx, the command may have
 * been run.
 */
export function isRefusal(sw: number): boolean {
  const sw1 = sw >> 8;
  return sw1 === 0x64 || (sw1 >= 0x67 && sw1 <= 0x6e && sw1 !== 0x6c) || sw1 === 0x94;
}

/** Returns four hex digits, as ISO/IEC 7816-4 prints a status word. */
export function formatStatusWord(sw: number): string {
  return hexNumber(sw, 4);
}
