// Reads the responses of the service: checks every value in them and leaves out unknown members.
import { describe, expect, it } from 'vitest';
import { toBase64url } from '#protocol/bytes/text.ts';
import {
  auditHeadSchema,
  certificateSchema,
  exportAnswerSchema,
  keysSchema,
  problemSchema,
  recallAnswerSchema,
  receiptAnswerSchema,
  trustSchema,
  verdictSchema,
  whoamiSchema,
} from '#protocol/service/messages.ts';
import { readAnswer } from '#web/as-client/answer.ts';
import { KEYS, WHOAMI } from './fake-as.ts';

const B32 = toBase64url(new Uint8Array(32));
const B64 = toBase64url(new Uint8Array(64));
const TIME = '2026-01-02T03:04:05.5Z';
const ENVELOPE = { payloadType: 'a/b', payload: 'e30', signatures: [{ keyid: '0123456789ABCDEF', sig: B64 }] };

type Path = readonly (string | number)[];

type Schema = Parameters<typeof readAnswer>[0];

/** A name, the schema and a valid sample for each response. */
const ANSWERS: readonly [name: string, schema: Schema, sample: object][] = [
  ['keys', keysSchema, KEYS],
  ['whoami', whoamiSchema, WHOAMI],
  ['trust', trustSchema, { root: B32, certificates: [ENVELOPE] }],
  ['export', exportAnswerSchema, { exportId: 'e-1', data: toBase64url(new Uint8Array(226)), auditHead: ENVELOPE }],
  [
    'recall',
    recallAnswerSchema,
    { exportId: 'e-1', header: toBase64url(new Uint8Array(48)), dataHash: B32, auditHead: ENVELOPE },
  ],
  ['receipt', receiptAnswerSchema, { verdict: ENVELOPE, auditHead: ENVELOPE }],
  [
    'verdict',
    verdictSchema,
    { exportId: 'e-1', receipt: B64, dataHash: B32, workOrder: null, operator: 'Ada', time: TIME },
  ],
  ['audit head', auditHeadSchema, { sequence: 1, hash: B32, time: TIME }],
  ['certificate', certificateSchema, { purpose: 'verdict', publicKey: B32, asNumber: 0, from: TIME, until: TIME }],
  ['problem', problemSchema, { type: 'urn:x', title: 'No', status: 400, detail: '' }],
];

/** Returns the paths of `value` itself and of all objects, lists and members in it. */
function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const inside = Object.entries(value).flatMap(([key, item]) =>
    pathsOf(item, [...path, Array.isArray(value) ? Number(key) : key]),
  );
  return [path, ...inside];
}

function replaced(value: unknown, path: Path, by: unknown): unknown {
  const [first, ...rest] = path;
  if (first === undefined) return by;
  const inner = (value as Record<string | number, unknown>)[first];
  if (Array.isArray(value)) return value.map((item, index) => (index === first ? replaced(item, rest, by) : item));
  return { ...(value as object), [first]: replaced(inner, rest, by) };
}

const nonsense = expect.objectContaining({ code: 'service-nonsense' });

describe.each(ANSWERS)('the answer %s', (name, schema, sample) => {
  const decode = (value: unknown) => readAnswer(schema, value, name);

  it('is accepted when all values are valid', () => {
    expect(() => decode(sample)).not.toThrow();
  });

  it('is refused when a value is missing or of another type', () => {
    for (const path of pathsOf(sample)) {
      for (const wrong of [undefined, Symbol('no JSON'), { toString: () => 'x' }, [[[]]], Number.NaN]) {
        expect(() => decode(replaced(sample, path, wrong)), `${path.join('.')} := ${String(typeof wrong)}`).toThrow(
          nonsense,
        );
      }
    }
  });

  it('is refused when it is not an object', () => {
    for (const wrong of [null, [], 'text', 1, true, undefined]) expect(() => decode(wrong)).toThrow(nonsense);
  });

  it('loses unknown members at every depth', () => {
    const withUnknown = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(withUnknown);
      if (typeof value !== 'object' || value === null) return value;
      const members = Object.entries(value).map(([key, member]) => [key, withUnknown(member)]);
      return { ...Object.fromEntries(members), of: 'later' };
    };
    expect(decode(withUnknown(sample))).toEqual(sample);
  });
});

describe('values of the right type that are out of range', () => {
  const set = KEYS.sets[0];
  const key = set?.keys[0];
  const withKey = (fields: object): unknown => ({ sets: [{ ...set, keys: [{ ...key, ...fields }] }] });
  const withSet = (fields: object): unknown => ({ sets: [{ ...set, ...fields }] });
  const withVersion = (fields: object): unknown => withSet({ transportKeys: [{ tkv: 1, suites: [1], ...fields }] });
  const head = { sequence: 1, hash: B32, time: TIME };

  it.each<[string, Schema, unknown]>([
    ['a SET beyond 32 bits', keysSchema, withSet({ set: 2 ** 32 })],
    ['a negative SET', keysSchema, withSet({ set: -1 })],
    ['a set without a name', keysSchema, withSet({ name: '' })],
    ['a name with a control character', keysSchema, withSet({ name: 'a\u0000b' })],
    ['a profile that does not exist', keysSchema, withSet({ profile: 'Shared' })],
    ['a TKV of 00', keysSchema, withVersion({ tkv: 0 })],
    ['a reserved suite', keysSchema, withVersion({ suites: [3] })],
    ['a suite that is an Object property', keysSchema, withVersion({ suites: ['constructor'] })],
    ['a REF1 beyond 16 bits', keysSchema, withKey({ ref1: 0x10000 })],
    ['a REF1 that is no integer', keysSchema, withKey({ ref1: 0.5 })],
    ['the AKV that is never used', keysSchema, withKey({ akv: 0xffffffff })],
    ['an AKV of zero', keysSchema, withKey({ akv: 0 })],
    ['a SET of zero', keysSchema, withSet({ set: 0 })],
    ['a KCV in lower case', keysSchema, withKey({ kcv: '0123abcdef' })],
    ['a KCV that is too short', keysSchema, withKey({ kcv: '0123' })],
    ['an ATTR of 8 characters', keysSchema, withKey({ attributes: 'D0AB00EE' })],
    ['more keys than the limit', keysSchema, withSet({ keys: Array.from({ length: 10_001 }, () => key) })],
    ['a root of 31 bytes', trustSchema, { root: toBase64url(new Uint8Array(31)), certificates: [] }],
    ['padded base64url', trustSchema, { root: `${B32}=`, certificates: [] }],
    ['base64url with a stray last bit', trustSchema, { root: `${B32.slice(0, -1)}B`, certificates: [] }],
    ['DATA that is too short', exportAnswerSchema, { exportId: 'e', data: B64, auditHead: ENVELOPE }],
    [
      'an export id with a slash',
      exportAnswerSchema,
      { exportId: '../e', data: toBase64url(new Uint8Array(226)), auditHead: ENVELOPE },
    ],
    [
      'two signatures',
      trustSchema,
      { root: B32, certificates: [{ ...ENVELOPE, signatures: [...ENVELOPE.signatures, ...ENVELOPE.signatures] }] },
    ],
    ['no signature', trustSchema, { root: B32, certificates: [{ ...ENVELOPE, signatures: [] }] }],
    ['a log that begins at 0', auditHeadSchema, { ...head, sequence: 0 }],
    ['a number that JSON cannot hold exactly', auditHeadSchema, { ...head, sequence: 2 ** 53 }],
    ['a local time', auditHeadSchema, { ...head, time: '2026-01-02T03:04:05+01:00' }],
    ['a day that does not exist', auditHeadSchema, { ...head, time: '2026-13-45T03:04:05Z' }],
    ['a problem with a status of success', problemSchema, { type: 'urn:x', title: 'No', status: 200, detail: '' }],
  ])('are refused: %s', (_what, schema, value) => {
    expect(() => readAnswer(schema, value, 'answer')).toThrow(nonsense);
  });

  it('have their path in the error message', () => {
    expect(() => readAnswer(keysSchema, withKey({ ref1: -1 }), 'keys')).toThrow(
      /^keys\.sets\[0\]\.keys\[0\]\.ref1 is not an integer from 0 to 65535$/,
    );
    expect(() => readAnswer(keysSchema, withSet({ name: undefined }), 'keys')).toThrow('keys.sets[0].name is missing');
  });
});
