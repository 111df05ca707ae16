import { describe, expect, it } from 'vitest';
import { toBase64url } from '#protocol/bytes/text.ts';
import {
  decodeAuditHead,
  decodeCertificate,
  decodeExportAnswer,
  decodeKeys,
  decodeProblem,
  decodeReceiptAnswer,
  decodeTrust,
  decodeVerdict,
  decodeWhoami,
} from '#web/as-client/decode.ts';
import { KEYS, WHOAMI } from './fake-as.ts';

const B32 = toBase64url(new Uint8Array(32));
const B64 = toBase64url(new Uint8Array(64));
const TIME = '2026-01-02T03:04:05.5Z';
const ENVELOPE = { payloadType: 'a/b', payload: 'e30', signatures: [{ keyid: '0123456789ABCDEF', sig: B64 }] };

type Path = readonly (string | number)[];

/** Each answer, and the decoder that it must pass. */
const ANSWERS: readonly [name: string, decode: (value: unknown) => unknown, sample: object][] = [
  ['keys', decodeKeys, KEYS],
  ['whoami', decodeWhoami, WHOAMI],
  ['trust', decodeTrust, { root: B32, certificates: [ENVELOPE] }],
  ['export', decodeExportAnswer, { exportId: 'e-1', data: toBase64url(new Uint8Array(226)), auditHead: ENVELOPE }],
  ['receipt', decodeReceiptAnswer, { verdict: ENVELOPE, auditHead: ENVELOPE }],
  [
    'verdict',
    decodeVerdict,
    { exportId: 'e-1', receipt: B64, dataHash: B32, workOrder: null, operator: 'Ada', time: TIME },
  ],
  ['audit head', decodeAuditHead, { sequence: 1, hash: B32, time: TIME }],
  ['certificate', decodeCertificate, { purpose: 'verdict', publicKey: B32, asNumber: 0, from: TIME, until: TIME }],
  ['problem', decodeProblem, { type: 'urn:x', title: 'No', status: 400, detail: '' }],
];

/** The way to every value inside: objects, lists and what stands in them. */
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

describe.each(ANSWERS)('the answer %s', (_name, decode, sample) => {
  it('passes as it should be', () => {
    expect(() => decode(sample)).not.toThrow();
  });

  it('is refused when any value in it is missing, or of another kind', () => {
    for (const path of pathsOf(sample)) {
      for (const wrong of [undefined, Symbol('no JSON'), { toString: () => 'x' }, [[[]]], Number.NaN]) {
        expect(() => decode(replaced(sample, path, wrong)), `${path.join('.')} := ${String(typeof wrong)}`).toThrow(
          nonsense,
        );
      }
    }
  });

  it('is refused when it is no object at all', () => {
    for (const wrong of [null, [], 'text', 1, true, undefined]) expect(() => decode(wrong)).toThrow(nonsense);
  });

  it('loses what this version does not know', () => {
    const known = Object.keys(sample);
    expect(Object.keys(decode({ ...sample, of: 'later' }) as object)).toEqual(known);
  });
});

describe('values that are of the right kind and wrong all the same', () => {
  const set = KEYS.sets[0];
  const key = set?.keys[0];
  const withKey = (fields: object): unknown => ({ sets: [{ ...set, keys: [{ ...key, ...fields }] }] });
  const withSet = (fields: object): unknown => ({ sets: [{ ...set, ...fields }] });
  const withVersion = (fields: object): unknown => withSet({ transportKeys: [{ tkv: 1, suites: [1], ...fields }] });
  const head = { sequence: 1, hash: B32, time: TIME };

  it.each<[string, (value: unknown) => unknown, unknown]>([
    ['a SET beyond 32 bits', decodeKeys, withSet({ set: 2 ** 32 })],
    ['a negative SET', decodeKeys, withSet({ set: -1 })],
    ['a set without a name', decodeKeys, withSet({ name: '' })],
    ['a name with a control character', decodeKeys, withSet({ name: 'a\u0000b' })],
    ['a profile that does not exist', decodeKeys, withSet({ profile: 'Shared' })],
    ['a TKV of 00', decodeKeys, withVersion({ tkv: 0 })],
    ['a reserved suite', decodeKeys, withVersion({ suites: [3] })],
    ['a suite that is an Object property', decodeKeys, withVersion({ suites: ['constructor'] })],
    ['a REF1 beyond 16 bits', decodeKeys, withKey({ ref1: 0x10000 })],
    ['a REF1 that is no integer', decodeKeys, withKey({ ref1: 0.5 })],
    ['the AKV that is never used', decodeKeys, withKey({ akv: 0xffffffff })],
    ['a KCV in lower case', decodeKeys, withKey({ kcv: '0123abcdef' })],
    ['a KCV that is too short', decodeKeys, withKey({ kcv: '0123' })],
    ['an ATTR of 8 characters', decodeKeys, withKey({ attributes: 'D0AB00EE' })],
    ['more keys than anyone has', decodeKeys, withSet({ keys: Array.from({ length: 10_001 }, () => key) })],
    ['a root of 31 bytes', decodeTrust, { root: toBase64url(new Uint8Array(31)), certificates: [] }],
    ['padded base64url', decodeTrust, { root: `${B32}=`, certificates: [] }],
    ['base64url with a stray last bit', decodeTrust, { root: `${B32.slice(0, -1)}B`, certificates: [] }],
    ['DATA that is too short', decodeExportAnswer, { exportId: 'e', data: B64, auditHead: ENVELOPE }],
    [
      'an export id with a slash',
      decodeExportAnswer,
      { exportId: '../e', data: toBase64url(new Uint8Array(226)), auditHead: ENVELOPE },
    ],
    [
      'two signatures',
      decodeTrust,
      { root: B32, certificates: [{ ...ENVELOPE, signatures: [...ENVELOPE.signatures, ...ENVELOPE.signatures] }] },
    ],
    ['no signature', decodeTrust, { root: B32, certificates: [{ ...ENVELOPE, signatures: [] }] }],
    ['a log that begins at 0', decodeAuditHead, { ...head, sequence: 0 }],
    ['a number that JSON cannot hold exactly', decodeAuditHead, { ...head, sequence: 2 ** 53 }],
    ['a local time', decodeAuditHead, { ...head, time: '2026-01-02T03:04:05+01:00' }],
    ['a day that does not exist', decodeAuditHead, { ...head, time: '2026-13-45T03:04:05Z' }],
    ['a problem with a status that is none', decodeProblem, { type: 'urn:x', title: 'No', status: 200, detail: '' }],
  ])('%s', (_what, decode, value) => {
    expect(() => decode(value)).toThrow(nonsense);
  });

  it('say which field was wrong', () => {
    expect(() => decodeKeys(withKey({ ref1: -1 }))).toThrow('keys.sets[0].keys[0].ref1');
  });
});
