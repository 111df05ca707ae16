// The input half of Linux's line discipline N_TTY in raw mode: what the line brings becomes what read() gives (termios(3), PARMRK).
// Pure.
import { type Bytes, concat } from '#protocol/bytes/bytes.ts';
import type { InputModes } from './termios.ts';

const NOTHING: Bytes = new Uint8Array(0);

/** A marked octet FF stands for itself twice, since FF begins every mark. */
export function dataInput(octets: Uint8Array, { marksErrors, stripsEighthBit }: InputModes): Bytes {
  if (stripsEighthBit) return Uint8Array.from(octets, (octet) => octet & 0x7f);
  if (!marksErrors || !octets.includes(0xff)) return concat(octets);
  return Uint8Array.from([...octets].flatMap((octet) => (octet === 0xff ? [0xff, 0xff] : [octet])));
}

export function breakInput({ ignoresBreaks, signalsBreaks, marksErrors }: InputModes): Bytes {
  if (ignoresBreaks || signalsBreaks) return NOTHING;
  return marksErrors ? Uint8Array.of(0xff, 0x00, 0x00) : Uint8Array.of(0x00);
}

/** An octet with a parity or framing error: Linux tells a program nothing more exact. */
export function errorInput(octet: number, { checksParity, ignoresErrors, marksErrors }: InputModes): Bytes {
  if (!checksParity) return Uint8Array.of(octet);
  if (ignoresErrors) return NOTHING;
  return marksErrors ? Uint8Array.of(0xff, 0x00, octet) : Uint8Array.of(0x00);
}
