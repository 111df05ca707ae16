// The schemas that describe the wire format: the values that each schema accepts, and the message
// of a refusal.
import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { fromBase64url, toBase64url } from '#protocol/bytes/text.ts';
import { anySerialNumber } from '#protocol/json/fields.ts';
import { asJson, bytes, integer, list, printable, read, text, time } from '#protocol/json/schema.ts';

const isAccepted = (schema: v.GenericSchema, value: unknown): boolean => v.safeParse(schema, value).success;
const refusal = (schema: v.GenericSchema, value: unknown): string => {
  try {
    read(schema, value, 'answer', 'service-nonsense');
  } catch (error) {
    return (error as Error).message;
  }
  return '';
};

describe('bytes', () => {
  it('are accepted only in their exact number, for every number up to 70', () => {
    for (let length = 0; length <= 70; length++) {
      const encoded = toBase64url(new Uint8Array(length).fill(0xa5));
      expect(isAccepted(bytes(length), encoded), `${length} bytes`).toBe(true);
      expect(isAccepted(bytes(length + 1), encoded)).toBe(false);
      if (length > 0) expect(isAccepted(bytes(length - 1), encoded)).toBe(false);
    }
  });

  it('are refused exactly if fromBase64url() refuses the text or the length is wrong', () => {
    const digits = 'AQgwBEIMab09-_'.split('');
    const near = fc.array(fc.constantFrom(...digits, '=', '+', ' '), { maxLength: 9 }).map((each) => each.join(''));
    fc.assert(
      fc.property(near, fc.nat(3), fc.nat(3), (encoded, min, more) => {
        let length = -1;
        try {
          length = fromBase64url(encoded).length;
        } catch {
          // The text is not canonical base64url, so `length` remains -1.
        }
        expect(isAccepted(bytes(min, min + more), encoded)).toBe(length >= min && length <= min + more);
      }),
    );
  });

  it('are refused by the length of a text that is too long', () => {
    expect(isAccepted(bytes(2, 65_536), toBase64url(new Uint8Array(65_536)))).toBe(true);
    expect(isAccepted(bytes(2, 65_536), toBase64url(new Uint8Array(65_537)))).toBe(false);
    expect(isAccepted(bytes(2, 65_536), 'A'.repeat(2 ** 24))).toBe(false);
    expect(isAccepted(bytes(16), `${'A'.repeat(22)}\n`)).toBe(false);
  });
});

describe('an integer', () => {
  it.each([[1], [0xffffffff]])('is accepted at its limit %j', (value) => {
    expect(isAccepted(integer(1, 0xffffffff), value)).toBe(true);
  });

  it.each([[0], [-1], [2 ** 32], [1.5], [Number.NaN], [Number.POSITIVE_INFINITY], ['1'], [null], [[1]], [1n], [true]])(
    'is not %s',
    (value) => {
      expect(isAccepted(integer(1, 0xffffffff), value)).toBe(false);
    },
  );
});

describe('a printable text', () => {
  it('is limited in characters, not in code units', () => {
    expect(isAccepted(printable(3), '🔑🔑🔑')).toBe(true);
    expect(isAccepted(printable(3), '🔑🔑🔑🔑')).toBe(false);
  });

  it.each(['', 'a\n', '\u0000', 'a\u0085', '\u007F'])('is not %j', (value) => {
    expect(isAccepted(printable(200), value)).toBe(false);
  });
});

describe('a time', () => {
  it.each(['2026-01-02T03:04:05Z', '2026-01-02T03:04:05.123456789Z', '2026-02-30T00:00:00Z'])('is %s', (value) => {
    expect(isAccepted(time, value)).toBe(true);
  });

  it.each([
    '2026-13-02T03:04:05Z',
    '2026-01-02T25:04:05Z',
    '2026-01-02T03:04:05',
    '2026-01-02T03:04:05+00:00',
    '2026-01-02t03:04:05z',
    '2026-01-02T03:04:05.1234567890Z',
    '2026-01-02T03:04Z',
    '2026-01-02',
    1,
    ['2026-01-02T03:04:05Z'],
    // Date.parse() of V8 accepts both.
    '2026-01-02T03:04:05Z\u0000',
    '+002026-01-02T03:04:05Z',
  ])('is not %j', (value) => {
    expect(isAccepted(time, value)).toBe(false);
  });
});

describe('a serial number', () => {
  it('has 32 upper-case hex digits', () => {
    expect(isAccepted(anySerialNumber, '0'.repeat(32))).toBe(true);
    for (const value of ['0'.repeat(31), '0'.repeat(33), 'a'.repeat(32), `${'A'.repeat(32)}\n`, ['A'.repeat(32)]]) {
      expect(isAccepted(anySerialNumber, value), String(value)).toBe(false);
    }
  });
});

describe('the JSON Schema of a part', () => {
  it('states what the part accepts', () => {
    expect(time.json).toMatchObject({ type: 'string', format: 'date-time' });
    expect(new RegExp(String(time.json.pattern)).test('2026-01-02T03:04:05Z')).toBe(true);
    expect(text(/^a$/, 'an a').json).toEqual({ type: 'string', pattern: '^a$' });
    expect(integer(1, 9).json).toEqual({ type: 'integer', minimum: 1, maximum: 9 });
    expect(list(v.string(), 1, 2).pipe[1]).toMatchObject({ json: { minItems: 1, maxItems: 2 } });
    expect(asJson(v.string(), { type: 'string', maxLength: 3 })).toMatchObject({ json: { maxLength: 3 } });
  });
});

describe('a list', () => {
  it('has a number of items within its limits', () => {
    const schema = list(integer(0, 9), 1, 2);
    expect(
      [[], [1], [1, 2], [1, 2, 3], [10], 'ab', { length: 1 }, null].map((value) => isAccepted(schema, value)),
    ).toEqual([false, true, true, false, false, false, false, false]);
  });

  it('that is too long is refused before any item is read', () => {
    let reads = 0;
    const counted = v.custom((value) => {
      reads++;
      return value === 0;
    });
    expect(isAccepted(list(counted, 0, 2), new Array(2 ** 20).fill(0))).toBe(false);
    expect(reads).toBe(0);
  });
});

describe('reading', () => {
  const schema = v.object({
    rows: list(v.object({ sn: text(/^[0-9A-F]{4}$/, '4 hex digits'), kind: v.picklist(['a', 'b']) }), 0, 5),
    on: v.boolean(),
    note: v.nullable(printable(10)),
    hash: v.exactOptional(bytes(1, 2)),
    id: v.exactOptional(bytes(2)),
  });
  const good = { rows: [{ sn: '00AA', kind: 'a' }], on: true, note: null };

  it('returns the members of the schema in the order of the schema, and no other members', () => {
    const given = { more: 1, note: 'n', on: false, rows: [{ kind: 'b', extra: {}, sn: '0000' }] };
    const output = read(schema, given, 'answer', 'service-nonsense');
    expect(JSON.stringify(output)).toBe('{"rows":[{"sn":"0000","kind":"b"}],"on":false,"note":"n"}');
  });

  it.each<[unknown, string]>([
    [null, 'answer is not Object'],
    [[], 'answer.rows is missing'],
    [{ ...good, rows: 'x' }, 'answer.rows is not a list of 0 to 5'],
    [{ ...good, rows: [good.rows[0], null] }, 'answer.rows[1] is not Object'],
    [{ ...good, rows: [{ sn: '00aa', kind: 'a' }] }, 'answer.rows[0].sn is not 4 hex digits'],
    [{ ...good, rows: [{ sn: '00AA', kind: 'c' }] }, 'answer.rows[0].kind is not ("a" | "b")'],
    [{ ...good, rows: [{ sn: ['00AA'], kind: 'a' }] }, 'answer.rows[0].sn is not 4 hex digits'],
    [{ ...good, hash: 'A' }, 'answer.hash is not base64url of 1 to 2 bytes'],
    [{ ...good, id: 'A' }, 'answer.id is not base64url of 2 bytes'],
    [{ ...good, on: 1 }, 'answer.on is not boolean'],
    [{ ...good, note: 7 }, 'answer.note is not a text of 1 to 10 printable characters'],
  ])('refuses %j', (value, message) => {
    expect(refusal(schema, value)).toBe(message);
  });

  it('never repeats the value in a message', () => {
    for (const path of ['rows', 'on', 'note']) {
      expect(refusal(schema, { ...good, [path]: 'secret secret' })).not.toContain('secret');
    }
  });

  it('refuses a nested value where a flat one is expected, without reading it', () => {
    let deep: unknown = [];
    for (let depth = 0; depth < 200_000; depth++) deep = [deep];
    for (const path of ['rows', 'on', 'note']) expect(refusal(schema, { ...good, [path]: deep })).toContain(path);
  });

  it('ignores inherited members', () => {
    expect(refusal(schema, JSON.parse('{"__proto__":{"on":true},"rows":[],"note":null}'))).toBe('answer.on is missing');
  });
});
