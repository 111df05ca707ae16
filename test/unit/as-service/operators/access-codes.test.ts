// Access codes: their form, how they are typed, and when they are valid.
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  accessCodeState,
  createAccessCode,
  findOperator,
  hashAccessCode,
  isFromFuture,
  MAX_LIFETIME_MS,
  redate,
} from '#as-service/operators/access-codes.ts';
import type { AccessCodeState, OperatorState } from '#as-service/storage/state.ts';
import { certifiedState, STATE_TIME } from '#test/support/service-state.ts';

const HOUR_MS = 3_600_000;
const offset = (ms: number): Date => new Date(STATE_TIME.getTime() + ms);

describe('an access code', () => {
  it('has KF and six groups of five digits, without I, L, O and U', () => {
    const codes = Array.from({ length: 200 }, createAccessCode);
    for (const code of codes) expect(code).toMatch(/^KF(-[0-9A-HJKMNP-TV-Z]{5}){6}$/);
    expect(new Set(codes).size).toBe(200);
    expect(new Set(codes.join('').slice(2)).size).toBeGreaterThan(30);
  });

  it('is hashed without prefix and hyphens, as it was typed or misread', () => {
    const digits = '0123456789ABCDEFGHJKMNPQRSTVWX';
    const hash = new Uint8Array(createHash('sha256').update(digits).digest());
    const code = `KF-${digits.match(/.{5}/g)?.join('-')}`;
    expect(hashAccessCode(code)).toEqual(hash);
    expect(hashAccessCode(` ${code.toLowerCase()} `)).toEqual(hash);
    expect(hashAccessCode(digits)).toEqual(hash);
    expect(hashAccessCode(code.replace('01234', 'OI234'))).toEqual(hash);
  });

  it.each(['', 'KF', `KF-${'0'.repeat(29)}`, `KF-${'0'.repeat(31)}`, `KF-${'0'.repeat(29)}U`, `KF-${'0'.repeat(29)}!`])(
    'is not %j',
    (typed) => {
      expect(hashAccessCode(typed)).toBeUndefined();
      expect(() => accessCodeState(typed, STATE_TIME, HOUR_MS)).toThrow(RangeError);
    },
  );

  it('is valid for its hours, and never longer than eight', () => {
    const code = createAccessCode();
    expect(accessCodeState(code, STATE_TIME, HOUR_MS)).toEqual({
      hash: hashAccessCode(code),
      issued: STATE_TIME.toISOString(),
      expires: offset(HOUR_MS).toISOString(),
    });
    expect(MAX_LIFETIME_MS).toBe(8 * HOUR_MS);
    expect(accessCodeState(code, STATE_TIME, 9 * HOUR_MS).expires).toBe(offset(8 * HOUR_MS).toISOString());
  });
});

describe('an access code of a clock that was ahead', () => {
  const issued = accessCodeState(createAccessCode(), offset(5 * 60_000), 2 * HOUR_MS);
  const { issued: _, ...earlier } = accessCodeState(createAccessCode(), offset(5 * 60_000), MAX_LIFETIME_MS);

  it.each<[string, AccessCodeState]>([
    ['with its time', issued],
    ['of an earlier version, without one', earlier],
  ])('%s, is found beyond a tolerance of five minutes', (_name, code) => {
    expect(isFromFuture(code, STATE_TIME)).toBe(false);
    expect(isFromFuture(code, offset(-1))).toBe(true);
  });

  it('is dated again with its own lifetime', () => {
    const now = offset(-HOUR_MS);
    expect(redate(issued, now)).toEqual({
      hash: issued.hash,
      issued: now.toISOString(),
      expires: offset(HOUR_MS).toISOString(),
    });
    expect(redate(earlier, now).expires).toBe(offset(7 * HOUR_MS).toISOString());
  });
});

describe('the operator of an access code', () => {
  const codes = [createAccessCode(), createAccessCode(), createAccessCode()];
  const [ofA = '', first = '', second = ''] = codes;
  const operator = (name: string, ...issued: string[]): OperatorState => ({
    name,
    role: 'operator',
    sets: null,
    quota: null,
    embedded: false,
    tokens: issued.map((code) => accessCodeState(code, STATE_TIME, HOUR_MS)),
  });
  const stateOf = async () => ({
    ...(await certifiedState()),
    operators: [operator('a', ofA), operator('b', first, second)],
  });

  it('is found by each code, until the code expires', async () => {
    const state = await stateOf();
    const found = codes.map((code) => findOperator(state, code, offset(HOUR_MS - 1)));
    expect(found.map((each) => each?.account.name)).toEqual(['a', 'b', 'b']);
    expect(found[0]?.expires).toBe(offset(HOUR_MS).toISOString());
    expect(findOperator(state, ofA, offset(HOUR_MS))).toBeUndefined();
  });

  it('is not found by another code, by a text that is none, and before the code was issued', async () => {
    const state = await stateOf();
    expect(findOperator(state, createAccessCode(), STATE_TIME)).toBeUndefined();
    expect(findOperator(state, 'code', STATE_TIME)).toBeUndefined();
    expect(findOperator(state, ofA, offset(-5 * 60_000))?.account.name).toBe('a');
    expect(findOperator(state, ofA, offset(-5 * 60_000 - 1))).toBeUndefined();
  });
});
