// Creates what the embedded mode needs: a set with a random T, keys and an operator. In demo mode
// also adds the published demo sets and work orders. Creates only what is missing, so that a start
// completes an earlier one that was interrupted.
import { randomInt } from 'node:crypto';
import { DEMO_HUB, DEMO_SETS, demoSerialNumber } from '#protocol/demo/demo-sets.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type { NewOrderJson } from '#protocol/orders/requests.ts';
import { UserError } from '../common/user-error.ts';
import { addOperator, issueAccessCode } from '../operators/operators.ts';
import { isDemoSet } from '../sets/demo-sets.ts';
import { addKey, addSet, type NewKey } from '../sets/sets.ts';
import type { As } from './as.ts';

const ACTOR = 'first start';
const OPERATOR = 'operator';
const FIRST_SET = 'First set';

/** Common AES keys, for any slot, because the slots of the units are unknown. */
const KEYS: readonly Omit<NewKey, 'set' | 'key'>[] = [
  { ref1: 0x0101, label: 'Terminal master key', attributes: 'K0AB00N', slot: 0xffff, length: 32 },
  { ref1: 0x0102, label: 'PIN encryption key', attributes: 'P0AE00N', slot: 0xffff, length: 16 },
  { ref1: 0x0103, label: 'Data encryption key', attributes: 'D0AB00N', slot: 0xffff, length: 32 },
  { ref1: 0x0104, label: 'Message authentication key', attributes: 'M6AC00N', slot: 0xffff, length: 24 },
];

/** The lines of the demo orders. */
const DEMO_LINES: NewOrderJson['lines'] = [
  { ref1: 0x0101, ref2: 1 },
  { ref1: 0x0103, ref2: 2 },
];
const DEMO_YEARS = 5;

/**
 * Issues the embedded operator's access code for this start, and revokes earlier ones.
 * @throws UserError when an administrator created the data of the folder
 */
export async function prepareEmbedded(as: As): Promise<{ readonly code: string; readonly expires: string }> {
  requireEmbedded(as);
  if (!as.state.sets.some(({ set }) => !isDemoSet(set))) {
    await addSet(as, ACTOR, {
      set: randomInt(1, 0x7fffffff),
      name: FIRST_SET,
      profile: 'diversified',
      family: 'cmac',
      tkv: 1,
      transportKey: undefined,
      units: null,
      quotaPerUnit: null,
    });
  }
  if (as.demoMode) await addDemoSets(as);
  for (const { set, name } of as.state.sets) {
    if (isDemoSet(set) || name === FIRST_SET) await addMissingKeys(as, set);
  }
  if (as.demoMode) await addDemoOrders(as);
  if (!as.state.operators.some(({ embedded }) => embedded)) {
    await addOperator(as, ACTOR, { name: OPERATOR, role: 'operator', sets: null, quota: null, embedded: true });
  }
  const { name } = as.state.operators.find(({ embedded }) => embedded) ?? { name: OPERATOR };
  return issueAccessCode(as, 'start', name, { hours: 8, replace: true });
}

/**
 * Requires a folder that is empty, or that the embedded mode began. The embedded operator may use
 * every set without a quota, so a start without --standalone must not add it to other data.
 */
function requireEmbedded({ state: { sets, operators } }: As): void {
  if (operators.some(({ embedded }) => embedded)) return;
  const isBegun = sets.length === 0 || sets.some(({ set, name }) => name === FIRST_SET || isDemoSet(set));
  if (operators.length === 0 && isBegun) return;
  throw new UserError(
    'An administrator created the data in this folder. Start the service with --standalone, or choose another folder with --data. Nothing was changed.',
  );
}

async function addDemoSets(as: As): Promise<void> {
  for (const { set, name, profile, family, tkv, publishedTransportKey } of DEMO_SETS) {
    if (as.state.sets.some((each) => each.set === set)) continue;
    await addSet(as, ACTOR, {
      set,
      name,
      profile,
      family,
      tkv,
      transportKey: publishedTransportKey,
      units: null,
      quotaPerUnit: null,
    });
  }
}

/** Adds the standard keys, unless an administrator has added other keys. */
async function addMissingKeys(as: As, set: number): Promise<void> {
  const refs = as.state.sets.find((each) => each.set === set)?.keys.map(({ ref1 }) => ref1) ?? [];
  if (refs.some((ref1) => KEYS.every((key) => key.ref1 !== ref1)) || refs.length >= KEYS.length) return;
  for (const key of KEYS) {
    if (!refs.includes(key.ref1)) await addKey(as, ACTOR, { ...key, set, key: undefined });
  }
}

/**
 * One order for each demo set and its unit, and one for the hub with eight units. Each start adds a
 * fresh copy of each order that was worked.
 */
const DEMO_ORDERS = [
  ...DEMO_SETS.map(({ set, name }, index) => ({
    id: `DEMO-${index + 1}`,
    title: `${name}: one unit, two keys`,
    set,
    units: [demoSerialNumber(index)],
  })),
  { id: 'DEMO-8', title: 'A hub of eight units, two keys each', set: DEMO_HUB.set, units: DEMO_HUB.serialNumbers },
];

async function addDemoOrders(as: As): Promise<void> {
  const notBefore = as.now();
  const until = new Date(notBefore);
  until.setUTCFullYear(until.getUTCFullYear() + DEMO_YEARS);
  const existing = new Map(
    (await as.orders.list({ name: ACTOR }, as.ledger.workOrders(undefined))).map((each) => [each.workOrder, each]),
  );
  const isWorked = (id: string): boolean => {
    const found = existing.get(id);
    return found !== undefined && (found.exports > 0 || found.order?.state !== 'open');
  };
  for (const { id: name, title, set, units } of DEMO_ORDERS) {
    // An order that was worked or closed stays as it is. The id of its fresh copy ends in a number,
    // for example DEMO-1-2.
    let [id, copy] = [name, 1];
    while (isWorked(id)) id = `${name}-${++copy}`;
    const refs = as.state.sets.find((each) => each.set === set)?.keys.map(({ ref1 }) => ref1) ?? [];
    if (existing.has(id) || !DEMO_LINES.every(({ ref1 }) => refs.includes(ref1))) continue;
    const issued = as.orders.issue(
      {
        id,
        title,
        set,
        suite: null,
        units,
        lines: DEMO_LINES,
        options: { dryRun: false, haltAfter: 3, requireLabelScan: false },
        notBefore: notBefore.toISOString(),
        until: until.toISOString(),
      },
      { name: ACTOR },
    );
    await issued.catch((cause: unknown) => {
      // A refusal means that an administrator has restricted the set to other units or slots. The
      // set then gets no demo order.
      if (!(cause instanceof ProtocolError)) throw cause;
    });
  }
}
