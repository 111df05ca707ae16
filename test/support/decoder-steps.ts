// Runs every decoder of untrusted text with hostile texts of doubling length, and prints the number
// of steps as JSON. A step is one entry of V8 into a block of code in protocol/. Unlike a time, the
// count does not depend on the machine. Built-in functions are not counted; test/property/text
// analyses the regular expressions. Runs in its own process, because V8 counts only blocks that it
// compiles after the count has started.
import { type Profiler, Session } from 'node:inspector';

const TIMES = [200, 400, 800];

/**
 * A hostile text consists of many copies of `part`, followed by `end`, which makes a pattern fail
 * after the copies.
 */
const TEXTS: readonly (readonly [part: string, end: string])[] = [
  ['"', 'x'],
  ['""', 'x'],
  ['"a",', '"'],
  [',', '"'],
  ['1\n', 'x'],
  ['1,2,3\n', ''],
  [' ', 'x'],
  ['\u00a0', '\u202e'],
  ['a\u0301', ''],
  ['\u0301', ''],
  ['👩🏽\u200d', 'x'],
  ['🏴\u{E0067}', 'x'],
  ['क\u094d\u200d', ''],
  ['-', '!'],
  ['0x', 'g'],
  ["'", ''],
  ['٣', ''],
  ['{', ''],
  ['[', ''],
  ['[[', ']'],
  ['{"a":', '1'],
  ['A', ''],
  ['AAAA', '='],
  ['\r', '"'],
  ['=', '"'],
];

const session = new Session();
session.connect();

/** Calls the inspector, which answers before post() returns. */
function post(method: string, parameters: object = {}): unknown {
  let answer: unknown;
  session.post(method, parameters, (error, result) => {
    if (error !== null) throw error;
    answer = result;
  });
  return answer;
}

function countSteps(action: () => unknown): number {
  post('Profiler.takePreciseCoverage');
  try {
    action();
  } catch {
    // If a decoder refuses a text, the steps up to the refusal are counted.
  }
  const { result } = post('Profiler.takePreciseCoverage') as Profiler.TakePreciseCoverageReturnType;
  return result
    .filter(({ url }) => url.includes('/protocol/') || url.includes('decoder-steps'))
    .flatMap(({ functions }) => functions.flatMap(({ ranges }) => ranges.map(({ count }) => count)))
    .reduce((sum, count) => sum + count, 0);
}

post('Profiler.enable');
post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });

const { fromBase64url, fromUtf8 } = await import('#protocol/bytes/text.ts');
const { readEnvelope } = await import('#protocol/json/document.ts');
const { parseCsv } = await import('#protocol/orders/csv.ts');
const { readReasonList } = await import('#protocol/orders/reason-list.ts');
const { readUnitList } = await import('#protocol/orders/unit-list.ts');
const { decodeFile } = await import('#protocol/text/decode-file.ts');
const { readOrderId } = await import('#protocol/text/order-id.ts');
const { readText, showText } = await import('#protocol/text/permitted-text.ts');
const { readCrockford, readTypedHex } = await import('#protocol/text/typed-code.ts');
const { decodeVaultFile } = await import('#protocol/vault/file.ts');
const { encodePassphrases } = await import('#protocol/vault/passphrase.ts');

const DECODERS: Readonly<Record<string, (text: string) => unknown>> = {
  parseCsv,
  readUnitList,
  'readUnitList with a head': (text) => readUnitList(`SN,FROM,TO\n${text}`),
  'readReasonList with a head': (text) => readReasonList(`SN,REASON\n${text}`, () => undefined),
  'readReasonList of a row': (text) => readReasonList(`SN,REASON\n1,${text}`, () => undefined),
  readText: (text) => readText(text, 500),
  readOrderId,
  showText,
  readCrockford,
  readTypedHex,
  encodePassphrases,
  decodeVaultFile,
  readEnvelope: (text) => readEnvelope(text, 'the file'),
  fromBase64url,
  fromUtf8: (text) => fromUtf8(Buffer.from(text)),
  decodeFile: (text) => decodeFile(Buffer.from(text)),
  'decodeFile of UTF-16': (text) => decodeFile(Buffer.from(`\ufeff${text}`, 'utf16le')),
  /** Control: a decoder with quadratic cost, which the test must detect. */
  'a quadratic loop': (text) => {
    let pairs = 0;
    for (const _ of text) for (const __ of text) pairs++;
    return pairs;
  },
};

const counts = Object.entries(DECODERS).flatMap(([name, decode]) =>
  TEXTS.map(([part, end]) => ({
    name,
    part,
    steps: TIMES.map((times) => countSteps(() => decode(part.repeat(times) + end))),
  })),
);
console.log(JSON.stringify(counts));
