// Finds sentences in source files whose noun does not follow their number, for example "1 units" or
// "unit(s)". counted() of protocol/text writes a count with its noun.
import type { SourceFile } from './architecture.ts';

/** What the product counts in sentences. Bytes are not among them: only technical details give lengths. */
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
