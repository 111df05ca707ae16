// What the embedded mode finds missing at a start, it makes: one real set with a random T, a few keys, one operator; in demo mode also
// the published demo sets and a work order for each. Each piece on its own, so that a start that was interrupted is completed by the next.
import { randomInt } from 'node:crypto';
import { DEMO_HUB, DEMO_SETS, demoSerialNumber } from '#protocol/demo/demo-sets.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type { NewOrderJson } from '#protocol/orders/messages.ts';
import { addOperator, issueToken } from '../operators/operators.ts';
import { isDemoSet } from '../sets/demo-sets.ts';
import { addKey, addSet, type NewKey } from '../sets/sets.ts';
import type { As } from './as.ts';

const ACTOR = 'first start';
const OPERATOR = 'operator';
const FIRST_SET = 'First set';

/** AES keys as sites load them; any slot, so that a unit with any layout takes them. */
const KEYS: readonly Omit<NewKey, 'set' | 'key'>[] = [
  { ref1: 0x0101, label: 'Terminal master key', attributes: 'K0AB00N', slot: 0xffff, length: 32 },
  { ref1: 0x0102, label: 'PIN encryption key', attributes: 'P0AE00N', slot: 0xffff, length: 16 },
  { ref1: 0x0103, label: 'Data encryption key', attributes: 'D0AB00N', slot: 0xffff, length: 32 },
  { ref1: 0x0104, label: 'Message authentication key', attributes: 'M6AC00N', slot: 0xffff, length: 24 },
];

/** What the demo orders load: REF1 to slot. */
const DEMO_LINES: NewOrderJson['lines'] = [
  { ref1: 0x0101, ref2: 1 },
  { ref1: 0x0103, ref2: 2 },
];
const DEMO_YEARS = 5;

/** The token of the embedded operator for this start; earlier ones are void. */
export async function prepareEmbedded(as: As): Promise<{ readonly token: string; readonly expires: string }> {
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
  return issueToken(as, 'start', name, { hours: 8, replace: true });
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

/** A set whose keys were changed by hand since is left alone. */
async function addMissingKeys(as: As, set: number): Promise<void> {
  const refs = as.state.sets.find((each) => each.set === set)?.keys.map(({ ref1 }) => ref1) ?? [];
  if (refs.some((ref1) => KEYS.every((key) => key.ref1 !== ref1)) || refs.length >= KEYS.length) return;
  for (const key of KEYS) {
    if (!refs.includes(key.ref1)) await addKey(as, ACTOR, { ...key, set, key: undefined });
  }
}

/** One for each demo set and its unit on the demo page, so that a first work order can be worked at once; and one for the hub with its eight. */
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
  const known = new Set(as.orders.list({ name: ACTOR }, []).map(({ workOrder }) => workOrder));
  for (const { id, title, set, units } of DEMO_ORDERS) {
    const refs = as.state.sets.find((each) => each.set === set)?.keys.map(({ ref1 }) => ref1) ?? [];
    if (known.has(id) || !DEMO_LINES.every(({ ref1 }) => refs.includes(ref1))) continue;
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
      if (!(cause instanceof ProtocolError)) throw cause; // by hand the set was held to other units or slots: it has no demo order then
    });
  }
}
