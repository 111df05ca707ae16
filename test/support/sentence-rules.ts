// Finds two mistakes in the sentences of source files. The first is a count with a noun that may
// not fit, for example "1 units" or "unit(s)"; counted() of protocol/text and plural() of
// web/src/text prevent it. The second
// is an id in decimal that people read in hexadecimal; hexNumber() of protocol/bytes prevents it.
import type { SourceFile } from './architecture.ts';

/** Nouns that are counted in sentences. Bytes are left out: only technical details count them. */
const NOUNS =
  'attempts|checks|codes|days|digits|entries|exports|failures|files|hours|imports|keys|minutes|orders|passphrases|reasons|receipts|rows|sets|slots|times|tries|units|vaults|verdicts';

/**
 * Matches a value of a template or a component that is followed by a plural. Does not match the
 * limits MAX_ and MIN_, which are above 1, nor a line with `=== 1 ?` or with the form `other` of
 * plural() (web/src/text/t.ts), which have another sentence for the singular.
 */
const PLURAL = new RegExp(
  `^(?!.*(?:=== 1 \\?|\\bother: t)).*\\{(?!MAX_|MIN_)[^{}]*\\}(?:</\\w+>)? (?:${NOUNS})(?![\\w=])`,
);

/** Returns one sentence per line in which a plural may not fit the count before it. */
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
