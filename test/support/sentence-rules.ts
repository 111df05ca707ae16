// Finds sentences in source files that write a number wrongly: with a noun in the wrong number, for
// example "1 units" or "unit(s)", or with the decimal digits of a number that is read in hexadecimal.
// counted() of protocol/text writes a count with its noun, and hexNumber() of protocol/bytes the digits.
import type { SourceFile } from './architecture.ts';

/** Nouns that sentences count. Bytes are not among them, because only technical details give lengths. */
const NOUNS =
  'attempts|checks|codes|days|digits|entries|exports|failures|files|hours|imports|keys|minutes|orders|passphrases|reasons|receipts|rows|sets|slots|times|tries|units|vaults|verdicts';

/**
 * A value of a template or a component, followed by a plural. Limits are constants above 1, and
 * `=== 1 ?` before the value gives the singular another sentence.
 */
const PLURAL = new RegExp(`^(?!.*=== 1 \\?).*\\{(?!MAX_|MIN_)[^{}]*\\}(?:</\\w+>)? (?:${NOUNS})(?![\\w=])`);

/** Returns one sentence per line with a number and a plural that may not fit it. */
export function writesPlural({ path, text }: SourceFile): string[] {
  return text
    .split('\n')
    .flatMap((line, index) =>
      /[a-z]\(s\)/.test(line) || PLURAL.test(line) ? [`${path}:${index + 1} writes a plural beside a number`] : [],
    );
}

/** Matches REF1, REF2, slot, set, vault, card or AS, followed by its number in decimal. */
const DECIMAL = /\b(?:REF[12]|[Ss]lot|[Ss]et|[Vv]ault|[Cc]ard|AS) \$?\{(?:\w+\??\.)*(?:ref[12]|slot|set|asNumber)\}/;

/** Returns one sentence per line that writes the number of a key, slot, set or AS in decimal. */
export function writesDecimal({ path, text }: SourceFile): string[] {
  return text
    .split('\n')
    .flatMap((line, index) => (DECIMAL.test(line) ? [`${path}:${index + 1} writes a number without hexNumber()`] : []));
}
