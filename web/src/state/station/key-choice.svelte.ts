// The operator's choice of key and slot for one unit, and the reasons why some choices are not available.
// Advice only: the AS and the unit enforce these rules (docs/protocol.md clauses 4 and 6).
import type { KeyJson, SetJson } from '#protocol/service/messages.ts';
import type { Session } from '../session/session.svelte.ts';
import { keyActionOf, TRANSPORT_KEY_SLOT } from './key-action.ts';
import type { SlotFacts, UnitFacts } from './unit-facts.ts';

/** SLOT of a key that any slot may hold (docs/protocol.md clause 3.3). */
const ANY_SLOT = 0xffff;

/** Why the unit can take no key now. */
export type Obstacle =
  | 'signed-out'
  | 'unit-blank'
  | 'set-unknown'
  | 'version-unknown'
  | 'suite-unsupported'
  | 'no-keys';

/** Why a slot cannot take the chosen key. */
export type SlotBar = 'other-slot' | 'same-key' | 'not-newer';

export interface SlotOption {
  readonly slot: SlotFacts;
  readonly bar: SlotBar | undefined;
}

export interface Chosen {
  readonly set: SetJson;
  readonly key: KeyJson;
  readonly slot: SlotFacts;
}

function barOf(key: KeyJson, slot: SlotFacts): SlotBar | undefined {
  if (key.slot !== ANY_SLOT && key.slot !== slot.ref2) return 'other-slot';
  if (key.akv > slot.akv) return undefined;
  return slot.holdsKey && slot.akv === key.akv && slot.kcv === key.kcv.toUpperCase() ? 'same-key' : 'not-newer';
}

/** The transport-key slot, which the identity does not list. Its version is TKV. */
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

  chooseKey(ref1: number): void {
    this.#ref1 = ref1;
  }

  chooseSlot(ref2: number): void {
    this.#ref2 = ref2;
  }

  clear(): void {
    this.#ref1 = undefined;
    this.#ref2 = undefined;
  }

  /** The unit's set in the list of the AS. */
  readonly set = $derived.by(() => this.#session.signedIn?.sets.find(({ set }) => set === this.#facts()?.set));

  readonly obstacle: Obstacle | undefined = $derived.by(() => {
    const facts = this.#facts();
    if (!facts) return undefined;
    if (facts.lifecycle === 'blank') return 'unit-blank';
    if (!this.#session.signedIn) return 'signed-out';
    if (!this.set) return 'set-unknown';
    const version = this.set.transportKeys.find(({ tkv }) => tkv === facts.tkv);
    if (!version) return 'version-unknown';
    if (!version.suites.some((suite) => facts.suites.includes(suite))) return 'suite-unsupported';
    return this.set.keys.length === 0 ? 'no-keys' : undefined;
  });

  readonly keys: readonly KeyJson[] = $derived(this.obstacle ? [] : (this.set?.keys ?? []));

  /** The chosen key, or the only one. */
  readonly key: KeyJson | undefined = $derived(
    this.keys.find(({ ref1 }) => ref1 === this.#ref1) ?? (this.keys.length === 1 ? this.keys[0] : undefined),
  );

  readonly slots: readonly SlotOption[] = $derived.by(() => {
    const [key, facts] = [this.key, this.#facts()];
    if (!key || !facts) return [];
    const slots = keyActionOf(key.slot, key.kcv) === 'replace' ? [transportKeySlot(facts)] : facts.slots;
    return slots.map((slot) => ({ slot, bar: barOf(key, slot) }));
  });

  readonly slot: SlotFacts | undefined = $derived.by(() => {
    const open = this.slots.filter(({ bar }) => !bar).map(({ slot }) => slot);
    return open.find(({ ref2 }) => ref2 === this.#ref2) ?? (open.length === 1 ? open[0] : undefined);
  });

  readonly chosen: Chosen | undefined = $derived(
    this.set && this.key && this.slot ? { set: this.set, key: this.key, slot: this.slot } : undefined,
  );
}
