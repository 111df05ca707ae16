// Checks of entered values and of environment variables.
import { describe, expect, it } from 'vitest';
import { readLabel, requireNumber, requireSerialNumber } from '#as-service/common/checks.ts';
import { readVariable } from '#as-service/common/environment.ts';
import { toUserError } from '#as-service/common/to-user-error.ts';
import { UserError } from '#as-service/common/user-error.ts';
import { ProtocolError } from '#protocol/errors.ts';

describe('a whole number', () => {
  it.each([1, 5, 9])('of %d is between 1 and 9', (value) => {
    expect(() => requireNumber('--days', value, 1, 9)).not.toThrow();
  });

  it.each([0, 10, 1.5, Number.NaN])('of %d is refused', (value) => {
    expect(() => requireNumber('--days', value, 1, 9)).toThrow(
      new UserError('--days must be a whole number from 1 to 9.'),
    );
  });
});

describe('a label', () => {
  it('has at most 64 characters, in the normal form', () => {
    expect(readLabel('label', ` a\u00a0b${'c'.repeat(61)} `)).toBe(`a b${'c'.repeat(61)}`);
    expect(() => readLabel('label', 'c'.repeat(65))).toThrow(
      new UserError('The label has 65 characters, and at most 64 are permitted. Type it again.'),
    );
  });
});

describe('a serial number', () => {
  it('is padded to 32 digits', () => {
    expect(requireSerialNumber('4549-000a')).toBe(`${'0'.repeat(24)}4549000A`);
  });

  it('is refused with the reason', () => {
    expect(() => requireSerialNumber('4549X')).toThrow(UserError);
    expect(() => requireSerialNumber('4549X')).toThrow(/^SN: .+\.$/);
  });
});

describe('an error', () => {
  it('of the protocol becomes a sentence for the terminal, after a prefix', () => {
    const cause = new ProtocolError('set-unknown', 'There is no set.');
    expect(toUserError(cause)).toEqual(new UserError('There is no set.'));
    expect(toUserError(cause, 'units.csv: ')).toMatchObject({
      name: 'UserError',
      message: 'units.csv: There is no set.',
      cause,
    });
  });

  it('of another kind stays as it is', () => {
    const bug = new TypeError('a bug');
    expect(toUserError(bug, 'units.csv: ')).toBe(bug);
  });
});

describe('a variable of the environment', () => {
  it.each([
    [undefined, undefined],
    ['', undefined],
    [' \r\n', undefined],
    ['""', undefined],
    ['8787', '8787'],
    ['\ufeff\u200b "a b" \n', 'a b'],
    ["'a'", 'a'],
    [`"a'`, `"a'`],
    ['a"', 'a"'],
    ['"a', '"a'],
    ['x"a"', 'x"a"'],
    ['"a"x', '"a"x'],
  ])('%j is read as %j', (value, expected) => {
    expect(readVariable({ KEY: value }, 'KEY')).toBe(expected);
  });
});
