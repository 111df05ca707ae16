// The session and the choice of a key: which keys and slots are offered, and why others are not.
import { describe, expect, it } from 'vitest';
import { RootChange } from '#web/state/session/root-change.svelte.ts';
import type { Session } from '#web/state/session/session.svelte.ts';
import { KeyChoice } from '#web/state/station/key-choice.svelte.ts';
import type { UnitFacts } from '#web/state/station/unit-facts.ts';
import { createBench, SETS, SETS_WITH_CLAUSE_8 } from './station-fixture.ts';

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

const rowsOf = (choice: KeyChoice) =>
  choice.rows.map(({ slot, keys, loaded, bar }) => [slot.ref2, keys.map(({ ref1 }) => ref1), loaded?.ref1, bar]);

describe('the slots of a unit', () => {
  it('show their content, and the key that the AS has for them', async () => {
    const choice = await choiceFor();
    expect(choice.keys.map(({ label }) => label)).toEqual(['Traffic', 'Maintenance', 'Traffic, newer']);
    expect(rowsOf(choice)).toEqual([
      [1, [], undefined, 'not-newer'],
      [2, [3, 2], 1, undefined],
      [3, [2], undefined, undefined],
    ]);
    expect([choice.row, choice.slot, choice.key, choice.chosen]).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('suggest a key, and accept another key that fits', async () => {
    const choice = await choiceFor();
    choice.chooseSlot(2);
    expect(choice.chosen).toMatchObject({ key: { ref1: 3 }, slot: { ref2: 2 } });
    choice.chooseKey(2);
    expect(choice.chosen).toMatchObject({ key: { ref1: 2 }, slot: { ref2: 2 } });
    choice.chooseSlot(3);
    expect(choice.chosen).toMatchObject({ key: { ref1: 2 }, slot: { ref2: 3 } });
  });

  it('are selected with a key that fits only one slot', async () => {
    const choice = await choiceFor();
    choice.chooseKey(3);
    expect(choice.chosen).toMatchObject({ key: { ref1: 3 }, slot: { ref2: 2 } });
  });

  it('never accept a key that is already loaded, or a version that the slot has held', async () => {
    const choice = await choiceFor();
    choice.chooseSlot(1);
    expect(choice.chosen).toBeUndefined();
    choice.chooseSlot(2);
    choice.chooseKey(1);
    expect(choice.chosen?.key.ref1).not.toBe(1);
  });

  it('never choose an erasure or a transport key without the operator', async () => {
    const { session } = await createBench(SETS_WITH_CLAUSE_8);
    await session.signIn('token');
    const slots = FACTS.slots.filter(({ ref2 }) => ref2 === 2).map((slot) => ({ ...slot, akv: 7 }));
    for (const tkv of [1, 2]) {
      const choice = new KeyChoice(session, () => ({ ...FACTS, slots, tkv }));
      expect(rowsOf(choice)[0]).toEqual([2, [8], undefined, undefined]);
      expect(choice.row).toBeUndefined();
      expect(choice.chosen).toBeUndefined();
      choice.chooseSlot(2);
      expect(choice.chosen).toMatchObject({ key: { ref1: 8 }, slot: { ref2: 2 } });
    }
    const choice = new KeyChoice(session, () => ({ ...FACTS, slots: [] }));
    expect(rowsOf(choice)).toEqual([[0xfffe, [9], undefined, undefined]]);
    expect(choice.chosen).toBeUndefined();
    choice.chooseSlot(0xfffe);
    expect(choice.chosen).toMatchObject({ key: { ref1: 9 } });
  });

  it('never choose an erasure in place of a chosen key that the AS no longer lists', async () => {
    const { session, account } = await createBench(SETS_WITH_CLAUSE_8);
    await session.signIn('token');
    const choice = new KeyChoice(session, () => FACTS);
    choice.chooseSlot(2);
    expect(choice.key?.ref1).toBe(3);
    const [set] = SETS_WITH_CLAUSE_8;
    account.keys = async () => (set ? [{ ...set, keys: set.keys.filter(({ ref1 }) => ref1 === 8) }] : []);
    await session.refresh();
    expect(rowsOf(choice)[1]).toEqual([2, [8], undefined, undefined]);
    expect(choice.row).toBeUndefined();
    expect(choice.chosen).toBeUndefined();
  });

  it('suggest a key for the same use as the one that they hold', async () => {
    const { session } = await createBench();
    await session.signIn('token');
    const signedIn = session.signedIn;
    const [, ...keys] = SET.keys.map((key) => ({ ...key, slot: 2 }));
    const bound = { signedIn: { ...signedIn, sets: [{ ...SET, keys }] } } as unknown as typeof session;
    expect(keys.map(({ attributes }) => attributes)).toEqual(['M6AC00N', 'D0AB00N']);
    const choice = new KeyChoice(bound, () => FACTS);
    choice.chooseSlot(2);
    expect(choice.chosen?.key.attributes).toBe('D0AB00N');
  });

  it('suggest any key before an erasure, and a key for this slot before one for any slot', async () => {
    const [set] = SETS_WITH_CLAUSE_8;
    const rowWith = (refs: readonly number[]) => {
      const keys = set?.keys.filter(({ ref1 }) => refs.includes(ref1)).map((key) => ({ ...key, akv: 20 })) ?? [];
      const session = { signedIn: { sets: [{ ...set, keys }] } } as unknown as Session;
      return rowsOf(new KeyChoice(session, () => FACTS))[1]?.[1];
    };
    // 1 and 3 are for slot 2, 2 is for any slot and has other attributes, 8 erases slot 2.
    expect(rowWith([8, 2])).toEqual([2, 8]);
    expect(rowWith([2, 3])).toEqual([3, 2]);
    expect(rowWith([8, 1])).toEqual([1, 8]);
  });

  it('suggest a key that no other slot holds before one that another slot holds', async () => {
    const keys = SET.keys.slice(0, 2).map((key) => ({ ...key, slot: 0xffff, attributes: 'D0AB00N', akv: 8 }));
    const session = { signedIn: { sets: [{ ...SET, keys }] } } as unknown as Session;
    const holding = (kcv: string, akv: number, holdsKey = true) => {
      const other = { ref2: 1, holdsKey, kcv, akv, attributes: '' };
      const free = { ref2: 3, holdsKey: false, kcv: '0000000000', akv: 0, attributes: '' };
      return rowsOf(new KeyChoice(session, () => ({ ...FACTS, slots: [other, free] })))[1]?.[1];
    };
    const [kcv = ''] = SET.keys.map((key) => key.kcv);
    expect(holding('', 0)).toEqual([1, 2]);
    expect(holding(kcv, 8)).toEqual([2, 1]);
    expect(holding(kcv, 7)).toEqual([1, 2]);
    expect(holding(kcv, 8, false)).toEqual([1, 2]);
  });

  it('recognise the key that they hold whatever the case of its KCV', async () => {
    const keys = SET.keys.map((key) => ({ ...key, kcv: key.kcv.toLowerCase() }));
    const session = { signedIn: { sets: [{ ...SET, keys }] } } as unknown as Session;
    expect(new KeyChoice(session, () => FACTS).rows[1]?.loaded?.ref1).toBe(1);
  });

  it('forget the choice when it is cleared', async () => {
    const choice = await choiceFor();
    choice.chooseSlot(2);
    choice.chooseKey(2);
    choice.clear();
    expect(choice.chosen).toBeUndefined();
    choice.chooseSlot(3);
    expect(choice.chosen).toMatchObject({ key: { ref1: 2 }, slot: { ref2: 3 } });
  });

  it('are none before the unit is read', async () => {
    const { session } = await createBench();
    await session.signIn('token');
    const choice = new KeyChoice(session, () => undefined);
    expect([choice.rows, choice.obstacle, choice.set, choice.chosen]).toEqual([[], undefined, undefined, undefined]);
  });

  it('show that the AS has no key for them', async () => {
    const slots = [{ ref2: 7, holdsKey: false, kcv: '0000000000', akv: 0, attributes: '' }];
    const { session } = await createBench();
    await session.signIn('token');
    const own = SET.keys.filter(({ slot }) => slot !== 0xffff);
    const signedIn = session.signedIn;
    if (!signedIn) throw new TypeError('not signed in');
    const bound = { signedIn: { ...signedIn, sets: [{ ...SET, keys: own }] } } as unknown as typeof session;
    const choice = new KeyChoice(bound, () => ({ ...FACTS, slots }));
    expect(rowsOf(choice)).toEqual([[7, [], undefined, 'no-key']]);
  });

  it.each([
    [{ lifecycle: 'blank' }, 'unit-blank'],
    [{ set: 1 }, 'set-unknown'],
    [{ tkv: 9 }, 'version-unknown'],
    [{ suites: [4] }, 'suite-unsupported'],
  ] as const)('offers no key for a unit with %o', async (facts, obstacle) => {
    const choice = await choiceFor(facts);
    expect(choice.obstacle).toBe(obstacle);
    expect([choice.keys, choice.rows]).toEqual([[], []]);
  });

  it('offers no key of a set without keys', async () => {
    const session = { signedIn: { sets: [{ ...SET, keys: [] }] } } as unknown as Session;
    expect(new KeyChoice(session, () => FACTS).obstacle).toBe('no-keys');
  });

  it('offers no key without a work order, if the site requires one', async () => {
    const { session } = await createBench();
    await session.signIn('token');
    session.setNeedsOrder(true);
    const choice = new KeyChoice(session, () => FACTS);
    expect([choice.obstacle, choice.keys, choice.chosen]).toEqual(['no-order', [], undefined]);
    session.setNeedsOrder(false);
    expect(choice.obstacle).toBeUndefined();
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

describe('the first contact with an AS', () => {
  async function atFirstContact() {
    const { session, account } = await createBench();
    let isPinned = false;
    const roots = account.roots;
    Object.assign(account, {
      roots: {
        ...roots,
        isPinned: async () => isPinned,
        replace: async (root: string) => {
          await roots.replace(root);
          isPinned = true;
        },
      },
    });
    return { session, account };
  }

  it('sends no access code before the operator has compared the root key', async () => {
    const { session, account } = await atFirstContact();
    await session.fetchRoot();
    expect(session.unpinned?.fingerprint).toBe('AAAAAAAAAAAAAAAA');
    account.refuse('signIn', 'signed-out');
    await session.signIn('KF-secret');
    await session.signIn('KF-secret', 'another root');
    expect(session.state).toEqual({ is: 'out' });
    expect(account.replaced).toEqual([]);
  });

  it('pins the root key that was compared, and does not ask again', async () => {
    const { session, account } = await atFirstContact();
    await session.fetchRoot();
    await session.signIn('KF-secret', session.unpinned?.root);
    expect(account.replaced).toEqual(['the root that is shown']);
    expect(session.unpinned).toBeUndefined();
    expect(session.signedIn?.operator).toBe('ada');
    session.signOut();
    await session.signIn('KF-secret');
    expect(session.signedIn?.operator).toBe('ada');
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
