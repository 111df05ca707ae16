// The session and the choice of a key: which keys and slots are offered, and why others are not.
import { describe, expect, it } from 'vitest';
import { RootChange } from '#web/state/session/root-change.svelte.ts';
import { KeyChoice } from '#web/state/station/key-choice.svelte.ts';
import type { UnitFacts } from '#web/state/station/unit-facts.ts';
import { createBench, SETS } from './station-fixture.ts';

const [SET] = SETS;
if (!SET) throw new TypeError('the bench has no set');

const FACTS: UnitFacts = {
  sn: '00000000000000004549000000000007',
  set: SET.set,
  tkv: 1,
  profile: 'diversified',
  lifecycle: 'operational',
  suites: [1],
  signatureRequired: false,
  tries: 64,
  canBlink: false,
  firmware: 1,
  slots: [
    { ref2: 1, holdsKey: false, kcv: '0000000000', akv: 9, attributes: '' },
    { ref2: 2, holdsKey: true, kcv: SET.keys[0]?.kcv ?? '', akv: 5, attributes: 'D0AB00N' },
    { ref2: 3, holdsKey: false, kcv: '0000000000', akv: 0, attributes: '' },
  ],
};

async function choiceFor(facts: Partial<UnitFacts> = {}): Promise<KeyChoice> {
  const { session } = await createBench();
  await session.signIn('token');
  return new KeyChoice(session, () => ({ ...FACTS, ...facts }));
}

const bars = (choice: KeyChoice) => choice.slots.map(({ slot, bar }) => [slot.ref2, bar]);

describe('the choice of a key', () => {
  it('offers the keys of the unit’s set', async () => {
    const choice = await choiceFor();
    expect(choice.keys.map(({ label }) => label)).toEqual(['Traffic', 'Maintenance', 'Traffic, newer']);
    expect(choice.chosen).toBeUndefined();
  });

  it('takes the only available slot, and gives the reason why the other slots are not available', async () => {
    const choice = await choiceFor();
    choice.chooseKey(3);
    expect(bars(choice)).toEqual([
      [1, 'other-slot'],
      [2, undefined],
      [3, 'other-slot'],
    ]);
    expect(choice.chosen).toMatchObject({ key: { ref1: 3 }, slot: { ref2: 2 } });
  });

  it('does not offer a slot that already holds the key', async () => {
    const choice = await choiceFor();
    choice.chooseKey(1);
    expect(bars(choice)).toEqual([
      [1, 'other-slot'],
      [2, 'same-key'],
      [3, 'other-slot'],
    ]);
    expect(choice.chosen).toBeUndefined();
  });

  it('does not offer a slot that has held a newer version', async () => {
    const choice = await choiceFor();
    choice.chooseKey(2);
    expect(bars(choice)).toEqual([
      [1, 'not-newer'],
      [2, undefined],
      [3, undefined],
    ]);
    expect(choice.chosen).toBeUndefined();
    choice.chooseSlot(3);
    expect(choice.chosen?.slot.ref2).toBe(3);
  });

  it.each([
    [{ lifecycle: 'blank' }, 'unit-blank'],
    [{ set: 1 }, 'set-unknown'],
    [{ tkv: 9 }, 'version-unknown'],
    [{ suites: [4] }, 'suite-unsupported'],
  ] as const)('offers no key for a unit with %o', async (facts, obstacle) => {
    const choice = await choiceFor(facts);
    expect(choice.obstacle).toBe(obstacle);
    expect(choice.keys).toEqual([]);
  });

  it('offers no key before the sign-in', async () => {
    const { session } = await createBench();
    expect(new KeyChoice(session, () => FACTS).obstacle).toBe('signed-out');
  });
});

describe('the session', () => {
  it('has the reason of a failed sign-in, and does not keep the access code', async () => {
    const { session, account } = await createBench();
    account.refuse('signIn', 'signed-out');
    await session.signIn('KF-secret');
    expect(session.state).toEqual({ is: 'out', failure: { code: 'signed-out' } });
    expect(JSON.stringify(session)).not.toContain('KF-secret');
  });

  it('ends when the keys cannot be read', async () => {
    const { session, account } = await createBench();
    account.refuse('keys', 'service-unreachable');
    await session.signIn('token');
    expect(session.state).toMatchObject({ is: 'out', failure: { code: 'service-unreachable' } });
    expect(account.signedOut).toBe(1);
  });
});

describe('an AS that shows another root key', () => {
  it('is trusted only after the operator has compared the root key, and only with this root key', async () => {
    const { session, account } = await createBench();
    account.refuse('signIn', 'service-changed');
    await session.signIn('token');
    const change = new RootChange(session);
    await change.compare();
    expect(change.comparison?.shown.fingerprint).toBe('AAAAAAAAAAAAAAAA');
    await expect(change.trust()).rejects.toThrow(RangeError);
    expect(account.replaced).toEqual([]);
    change.confirm(true);
    await change.trust();
    expect(account.replaced).toEqual(['the root that is shown']);
    expect(session.state).toEqual({ is: 'out' });
  });

  it('must be compared again when it shows yet another root key in the meantime', async () => {
    const { session, account } = await createBench();
    account.refuse('signIn', 'service-changed');
    await session.signIn('token');
    const change = new RootChange(session);
    await change.compare();
    change.confirm(true);
    account.refuse('replace', 'service-changed');
    await change.trust();
    expect(change.failure).toEqual({ code: 'service-changed' });
    expect(change.confirmed).toBe(false);
    expect(session.state).toMatchObject({ failure: { code: 'service-changed' } });
  });
});
