// The operator's choice of key and slot for one unit, and the reasons why some choices are not
// available. These reasons are only advice: the AS and the unit enforce the rules (docs/protocol.md
// clauses 4 and 6).
import type { KeyJson, SetJson } from '#protocol/service/messages.ts';
import type { Session } from '../session/session.svelte.ts';
import { keyActionOf, TRANSPORT_KEY_SLOT } from './key-action.ts';
import type { SlotFacts, UnitFacts } from './unit-facts.ts';

export type { KeyJson };

/** SLOT of a key that is permitted in any slot (docs/protocol.md clause 3.3). */
const ANY_SLOT = 0xffff;

/** Why no key can be loaded into the unit now. */
export type Obstacle =
  | 'signed-out'
  | 'no-order'
  | 'unit-blank'
  | 'set-unknown'
  | 'version-unknown'
  | 'suite-unsupported'
  | 'no-keys';

/** Why no key of the AS can be loaded into a slot. */
export type SlotBar = 'no-key' | 'not-newer';

/** A slot of the unit, with the keys of the AS that fit into it. */
export interface SlotRow {
  readonly slot: SlotFacts;
  /** The keys that can be loaded into the slot, the suggested one first. */
  readonly keys: readonly KeyJson[];
  /** The key entry whose key is already in the slot: version and KCV are the same. */
  readonly loaded: KeyJson | undefined;
  /** Undefined if `keys` has an entry or `loaded` is set. */
  readonly bar: SlotBar | undefined;
}

export interface Chosen {
  readonly set: SetJson;
  readonly key: KeyJson;
  readonly slot: SlotFacts;
}

const isFor = (key: KeyJson, { ref2 }: SlotFacts): boolean =>
  key.slot === ref2 || (key.slot === ANY_SLOT && ref2 !== TRANSPORT_KEY_SLOT);

const isLoad = (key: KeyJson): boolean => keyActionOf(key.slot, key.kcv) === 'load';

const isIn = (key: KeyJson, slot: SlotFacts): boolean =>
  slot.holdsKey && slot.akv === key.akv && slot.kcv === key.kcv.toUpperCase();

/**
 * Returns the rank of a key for a slot. The page suggests the key with the lowest rank. Each of
 * these preferences outweighs all that follow it:
 * 1. a key rather than an erasure
 * 2. a key for this slot only rather than a key for any slot
 * 3. a key with the attributes of the key in the slot rather than one with other attributes
 * 4. a key that no other slot holds rather than one that another slot holds
 */
function rankOf(key: KeyJson, slot: SlotFacts, others: readonly SlotFacts[]): number {
  const erases = keyActionOf(key.slot, key.kcv) === 'erase';
  const isOther = slot.holdsKey && slot.attributes !== key.attributes;
  const isElsewhere = others.some((other) => isIn(key, other));
  return (erases ? 8 : 0) + (key.slot === ANY_SLOT ? 4 : 0) + (isOther ? 2 : 0) + (isElsewhere ? 1 : 0);
}

function rowOf(slot: SlotFacts, all: readonly KeyJson[], slots: readonly SlotFacts[]): SlotRow {
  const others = slots.filter((other) => other !== slot);
  const fitting = all.filter((key) => isFor(key, slot));
  const keys = fitting
    .filter(({ akv }) => akv > slot.akv)
    .sort((a, b) => rankOf(a, slot, others) - rankOf(b, slot, others));
  const loaded = fitting.find((key) => isIn(key, slot));
  if (keys.length > 0 || loaded) return { slot, keys, loaded, bar: undefined };
  return { slot, keys, loaded, bar: fitting.length === 0 ? 'no-key' : 'not-newer' };
}

/**
 * Returns the transport-key slot, which the identity does not list. Its version is the TKV of the
 * unit.
 */
function transportKeySlot({ tkv }: UnitFacts): SlotFacts {
  return { ref2: TRANSPORT_KEY_SLOT, holdsKey: true, kcv: '', akv: tkv, attributes: '' };
}

export class KeyChoice {
  #ref1 = $state.raw<number | undefined>();
  #ref2 = $state.raw<number | undefined>();

  readonly #session: Session;
  readonly #facts: () => UnitFacts | undefined;

  constructor(session: Session, facts: () => UnitFacts | undefined) {
    this.#session = session;
    this.#facts = facts;
  }

  /** Chooses another key for the chosen slot. */
  chooseKey(ref1: number): void {
    this.#ref1 = ref1;
  }

  /** Chooses a slot, with the key that its row suggests. */
  chooseSlot(ref2: number): void {
    const suggested = this.rows.find(({ slot }) => slot.ref2 === ref2)?.keys[0];
    this.#ref1 = suggested && !isLoad(suggested) ? suggested.ref1 : undefined;
    this.#ref2 = ref2;
  }

  clear(): void {
    this.#ref1 = undefined;
    this.#ref2 = undefined;
  }

  /** The set of the unit; undefined if the AS does not list it. */
  readonly set = $derived.by(() => this.#session.signedIn?.sets.find(({ set }) => set === this.#facts()?.set));

  readonly obstacle: Obstacle | undefined = $derived.by(() => {
    const facts = this.#facts();
    if (!facts) return undefined;
    if (facts.lifecycle === 'blank') return 'unit-blank';
    if (!this.#session.signedIn) return 'signed-out';
    if (this.#session.needsOrder) return 'no-order';
    if (!this.set) return 'set-unknown';
    const version = this.set.transportKeys.find(({ tkv }) => tkv === facts.tkv);
    if (!version) return 'version-unknown';
    if (!version.suites.some((suite) => facts.suites.includes(suite))) return 'suite-unsupported';
    return this.set.keys.length === 0 ? 'no-keys' : undefined;
  });

  readonly keys: readonly KeyJson[] = $derived(this.obstacle ? [] : (this.set?.keys ?? []));

  /**
   * The slots as the unit lists them, then the transport-key slot if the AS has a key for it. Empty
   * if there is an obstacle.
   */
  readonly rows: readonly SlotRow[] = $derived.by(() => {
    const facts = this.#facts();
    if (!facts || this.obstacle) return [];
    const rows = facts.slots.map((slot) => rowOf(slot, this.keys, facts.slots));
    const transport = rowOf(transportKeySlot(facts), this.keys, []);
    return transport.bar === 'no-key' ? rows : [...rows, transport];
  });

  /**
   * The row of the chosen slot or, if no slot is chosen, the only row that fits. Undefined if
   * several rows fit. A row fits if it takes the chosen key. If no key is chosen, each row with a
   * key to load fits. The page itself never chooses an erasure or a transport key, because neither
   * can be undone.
   */
  readonly row: SlotRow | undefined = $derived.by(() => {
    const open = this.rows.filter((row) => this.#keyIn(row));
    return open.find(({ slot }) => slot.ref2 === this.#ref2) ?? (open.length === 1 ? open[0] : undefined);
  });

  readonly slot: SlotFacts | undefined = $derived(this.row?.slot);

  /** The key for the chosen slot. */
  readonly key: KeyJson | undefined = $derived(this.row && this.#keyIn(this.row));

  readonly chosen: Chosen | undefined = $derived(
    this.set && this.key && this.slot ? { set: this.set, key: this.key, slot: this.slot } : undefined,
  );

  /**
   * Returns the chosen key if the row takes it. If no key is chosen, returns the first key to load.
   */
  #keyIn({ keys }: SlotRow): KeyJson | undefined {
    return keys.find((key) => (this.#ref1 === undefined ? isLoad(key) : key.ref1 === this.#ref1));
  }
}
