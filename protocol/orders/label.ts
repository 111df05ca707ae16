// The text in the code on a printed label (docs/protocol.md clause 9.3).
import { readSerialNumber } from './units.ts';

const FORMAT = 'KF1';
const LABEL = /^KF1 ([\dA-F]{32}) [\dA-F]{10}$/;

/**
 * Returns the text for a unit and a key in it. The text has only characters of the alphanumeric
 * mode of QR codes.
 */
export function encodeLabel(sn: string, kcv: string): string {
  return `${FORMAT} ${sn} ${kcv.toUpperCase()}`;
}

/** Reads a serial number from the text of a printed label or, as readSerialNumber() does, from any other text. */
export function readLabel(text: string): string | undefined {
  return readSerialNumber(LABEL.exec(text.trim())?.[1] ?? text);
}
