// Reads the text in the field for the access code. An access code has six groups of five letters
// and digits. The operator may type or paste it in any notation.
import { ACCESS_CODE_LENGTH, readAccessCode } from '#protocol/text/typed-code.ts';

export const CODE_LENGTH = ACCESS_CODE_LENGTH;
const GROUP_LENGTH = 5;

export interface CodeField {
  /** Number of letters and digits, without the prefix KF. */
  readonly length: number;
  /** What the field shows, for example "7M3QX-VN8RT". */
  readonly shown: string;
  /** The complete access code, as the page sends it to the AS. */
  readonly whole: string;
}

export function readCodeField(text: string): CodeField {
  const code = readAccessCode(text);
  const groups = Array.from({ length: Math.ceil(code.length / GROUP_LENGTH) }, (_, i) =>
    code.slice(i * GROUP_LENGTH, (i + 1) * GROUP_LENGTH),
  );
  const shown = groups.join('-');
  return { length: code.length, shown, whole: `KF-${shown}` };
}
