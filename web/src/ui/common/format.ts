// Formats numbers, bytes and times for the operator.
import { hexNumber } from '#protocol/bytes/hex.ts';

/** "4549000700000001" → "4549 0007 0000 0001". */
export function inFours(hex: string): readonly string[] {
  return hex.match(/.{1,4}/g) ?? [];
}

/** The number of a set or of a firmware, as eight hex digits in two groups. */
export function groupedHex(number: number): string {
  return inFours(hexNumber(number, 8)).join(' ');
}

/** Made at its first use: making one takes as long as drawing the whole first screen. */
function formatter(options: Intl.DateTimeFormatOptions): (iso: string) => string {
  let format: Intl.DateTimeFormat | undefined;
  return (iso) => {
    format ??= new Intl.DateTimeFormat(undefined, options);
    // AM and PM stay with their time.
    return format.format(new Date(iso)).replace(/ (?=[AP]M$)/i, '\u00A0');
  };
}

export const clock = formatter({ hour: '2-digit', minute: '2-digit' });

export const moment = formatter({ dateStyle: 'medium', timeStyle: 'medium' });

/** To the millisecond, without the day. */
export const instant = formatter({
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
});

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
}
