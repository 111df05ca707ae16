// Adding operators, and issuing, revoking and correcting their access codes.
import { beforeEach, describe, expect, it } from 'vitest';
import { UserError } from '#as-service/common/user-error.ts';
import {
  addOperator,
  codesFromFuture,
  disableOperator,
  enableOperator,
  hasSameLimits,
  issueAccessCode,
  limitOperator,
  type NewOperator,
  redateAccessCodes,
  revokeAccessCodes,
} from '#as-service/operators/operators.ts';
import { STATE_TIME, StateInMemory } from '#test/support/service-state.ts';

const MARIA: NewOperator = { name: 'maria', role: 'operator', sets: [0xba7c, 1], quota: 5, embedded: false };
const HOUR_MS = 3_600_000;

let as: StateInMemory;
beforeEach(async () => {
  as = await StateInMemory.open();
});
const later = (ms: number): Date => new Date(STATE_TIME.getTime() + ms);
const tokens = () => {
  const [first] = as.state.operators;
  if (first === undefined) throw new TypeError('no operator');
  return first.tokens;
};

describe('a new operator', () => {
  it('is stored under its name in the normal form, and logged with its sets in hexadecimal', async () => {
    await addOperator(as, 'cli root', { ...MARIA, name: ' maria\u00a0k ', ordersOnly: true });
    expect(as.state.operators).toEqual([{ ...MARIA, name: 'maria k', ordersOnly: true, tokens: [] }]);
    expect(as.changes).toEqual([
      {
        event: 'operator-added',
        actor: 'cli root',
        details: { name: 'maria k', role: 'operator', sets: '0000BA7C 00000001', quota: 5, ordersOnly: true },
      },
    ]);
  });

  it('may use all sets without a quota, and more than work orders', async () => {
    await addOperator(as, 'cli root', { ...MARIA, sets: null, quota: null });
    expect(as.changes[0]?.details).toMatchObject({ sets: 'all', quota: null, ordersOnly: false });
  });

  it.each([
    [{ name: 'x'.repeat(65) }, 'The name has 65 characters, and at most 64 are permitted.'],
    [{ name: '-maria' }, 'A name begins with a letter or a digit.'],
    [{ name: 'CLI root' }, 'The audit log uses the name "CLI root" itself.'],
    [{ name: 'vault 0001' }, 'The audit log uses the name "vault 0001" itself.'],
    [{ name: 'first start' }, 'The audit log uses the name "first start" itself.'],
    [{ name: 'start' }, 'The audit log uses the name "start" itself.'],
    [{ role: 'owner' as 'operator' }, 'The role must be one of operator, custodian, auditor, administrator.'],
    [{ quota: 0 }, 'quota must be a whole number from 1 to 4294967295.'],
    [{ quota: 0x1_0000_0000 }, 'quota must be a whole number from 1 to 4294967295.'],
  ])('is refused with %j', async (change, words) => {
    await expect(addOperator(as, 'cli root', { ...MARIA, ...change })).rejects.toThrow(words);
    expect(as.changes).toEqual([]);
  });

  it.each(['starter', 'client', 'vaults', 'my vault 1', 'first starter', '7'])('may be called %s', async (name) => {
    await addOperator(as, 'cli root', { ...MARIA, name });
    expect(as.state.operators[0]?.name).toBe(name);
  });

  it('needs another name than each operator', async () => {
    await addOperator(as, 'cli root', MARIA);
    await expect(addOperator(as, 'cli root', MARIA)).rejects.toThrow(
      new UserError('There is already an operator maria.'),
    );
  });
});

describe('the limits of an operator', () => {
  beforeEach(() => addOperator(as, 'cli root', MARIA));

  it('change as far as they are named, and the access codes stay', async () => {
    await issueAccessCode(as, 'cli root', 'maria', { hours: 8, replace: false });
    const codes = tokens();
    await limitOperator(as, 'cli root', 'maria', { role: 'auditor', quota: 9 });
    expect(as.state.operators).toEqual([{ ...MARIA, role: 'auditor', quota: 9, tokens: codes }]);
    await limitOperator(as, 'cli root', 'maria', { sets: null, quota: null, ordersOnly: true });
    expect(as.changes.at(-1)).toEqual({
      event: 'operator-limited',
      actor: 'cli root',
      details: { name: 'maria', role: 'auditor', sets: 'all', quota: null, ordersOnly: true },
    });
  });

  it.each([
    [{ quota: 0 }, 'quota must be a whole number from 1 to 4294967295.'],
    [{ role: 'owner' as 'operator' }, 'The role must be one of operator, custodian, auditor, administrator.'],
  ])('are refused with %j', async (change, words) => {
    await expect(limitOperator(as, 'cli root', 'maria', change)).rejects.toThrow(words);
    expect(as.changes).toHaveLength(1);
  });

  it.each([{ role: 'auditor' as const }, { sets: [1] }, { sets: null }, { quota: null }, { ordersOnly: true }])(
    'differ with %j',
    (change) => {
      expect(hasSameLimits(MARIA, { ...MARIA, ...change })).toBe(false);
      expect(hasSameLimits(MARIA, { ...MARIA, ordersOnly: false })).toBe(true);
    },
  );
});

describe('a disabled operator', () => {
  beforeEach(() => addOperator(as, 'cli root', MARIA));

  it('has no access codes and gets none, until it is enabled', async () => {
    const issue = () => issueAccessCode(as, 'cli root', 'maria', { hours: 8, replace: false });
    await issue();
    await disableOperator(as, 'cli root', 'maria');
    expect(as.changes.at(-1)).toEqual({
      event: 'operator-disabled',
      actor: 'cli root',
      details: { name: 'maria', tokens: 1 },
    });
    expect(tokens()).toEqual([]);
    await expect(issue()).rejects.toThrow(
      new UserError('maria is disabled. Enable the operator first, with "operator enable".'),
    );
    await expect(disableOperator(as, 'cli root', 'maria')).rejects.toThrow('maria is already disabled.');
    await enableOperator(as, 'cli root', 'maria');
    expect(as.state.operators).toEqual([{ ...MARIA, tokens: [] }]);
    expect(as.changes.at(-1)).toEqual({ event: 'operator-enabled', actor: 'cli root', details: { name: 'maria' } });
    await expect(enableOperator(as, 'cli root', 'maria')).rejects.toThrow('maria is not disabled.');
    await issue();
    expect(tokens()).toHaveLength(1);
  });
});

describe('an access code', () => {
  beforeEach(async () => {
    await addOperator(as, 'cli root', { ...MARIA, name: 'anna' });
    await addOperator(as, 'cli root', { ...MARIA, name: 'žofie' });
    as.state = { ...as.state, operators: [...as.state.operators].reverse() };
  });
  const issue = (hours = 8, replace = false) => issueAccessCode(as, 'cli root', 'z\u030cofie', { hours, replace });

  it('is issued beside the valid ones, and logged without the code', async () => {
    const { code, expires } = await issue(2);
    expect(expires).toBe(later(2 * HOUR_MS).toISOString());
    expect(as.changes.at(-1)).toEqual({
      event: 'token-issued',
      actor: 'cli root',
      details: { name: 'žofie', expires },
    });
    expect(JSON.stringify(as.changes)).not.toContain(code);
    as.time = later(HOUR_MS);
    await issue();
    expect(tokens()).toHaveLength(2);
    as.time = later(2 * HOUR_MS);
    await issue();
    expect(tokens()).toHaveLength(2); // the first one has expired
    await issue(8, true);
    expect(tokens()).toHaveLength(1);
    expect(as.state.operators[1]?.tokens).toEqual([]);
  });

  it('may be valid for half an hour', async () => {
    expect((await issue(0.5)).expires).toBe(later(HOUR_MS / 2).toISOString());
  });

  it('goes to the operator with exactly this name, if an earlier version permitted another form of it', async () => {
    const [first] = as.state.operators;
    if (first === undefined) throw new TypeError('no operator');
    as.state = { ...as.state, operators: [first, { ...first, name: 'z\u030cofie' }] };
    await issue();
    expect(as.state.operators.map((each) => each.tokens.length)).toEqual([0, 1]);
  });

  it.each([0, -1, 8.01, Number.NaN])('is not issued for %d hours', async (hours) => {
    await expect(issue(hours)).rejects.toThrow('An access code is valid for more than 0 and at most 8 hours.');
  });

  it('is revoked with all others of the operator', async () => {
    await issue();
    await issue();
    await revokeAccessCodes(as, 'cli root', 'žofie');
    expect(tokens()).toEqual([]);
    expect(as.changes.at(-1)).toEqual({
      event: 'tokens-revoked',
      actor: 'cli root',
      details: { name: 'žofie', tokens: 2 },
    });
    await expect(revokeAccessCodes(as, 'cli root', 'berta')).rejects.toThrow(
      'There is no operator berta. "operator list" shows all operators.',
    );
  });

  it('is dated again if the clock was ahead, and stays as it is otherwise', async () => {
    await issue(4);
    const [before] = tokens();
    as.time = later(2 * HOUR_MS);
    await issue(3);
    as.time = later(HOUR_MS);
    expect(codesFromFuture(as.state, as.now())).toBe(1);
    await redateAccessCodes(as);
    expect(as.changes.at(-1)).toEqual({ event: 'tokens-redated', actor: null, details: { tokens: 1 } });
    expect(tokens()[0]).toBe(before);
    expect(tokens()[1]).toMatchObject({ issued: as.time.toISOString(), expires: later(4 * HOUR_MS).toISOString() });
    expect(codesFromFuture(as.state, as.now())).toBe(0);
  });
});
