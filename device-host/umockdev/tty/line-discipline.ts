// The input side of Linux's line discipline N_TTY in raw mode. Converts received bytes, breaks and
// errors to the bytes that read() returns (termios(3), PARMRK).
import { type Bytes, concat } from '#protocol/bytes/bytes.ts';
import type { InputModes } from './termios.ts';

const NOTHING: Bytes = new Uint8Array(0);

/**
 * Converts received data. If errors are marked, doubles each byte FF, because FF begins an error
 * mark.
 */
export function dataInput(bytes: Uint8Array, { marksErrors, stripsEighthBit }: InputModes): Bytes {
  if (stripsEighthBit) return Uint8Array.from(bytes, (byte) => byte & 0x7f);
  if (!marksErrors || !bytes.includes(0xff)) return concat(bytes);
  return Uint8Array.from([...bytes].flatMap((byte) => (byte === 0xff ? [0xff, 0xff] : [byte])));
}

export function breakInput({ ignoresBreaks, signalsBreaks, marksErrors }: InputModes): Bytes {
  if (ignoresBreaks || signalsBreaks) return NOTHING;
  return marksErrors ? Uint8Array.of(0xff, 0x00, 0x00) : Uint8Array.of(0x00);
}

/** Converts a byte with a parity or framing error. Linux marks both errors in the same way. */
export function errorInput(byte: number, { checksParity, ignoresErrors, marksErrors }: InputModes): Bytes {
  if (!checksParity) return Uint8Array.of(byte);
  if (ignoresErrors) return NOTHING;
  return marksErrors ? Uint8Array.of(0xff, 0x00, byte) : Uint8Array.of(0x00);
}
