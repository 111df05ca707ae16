// The identity of a unit (GET IDENTITY, docs/protocol.md clause 4.3) in the form in which the page
// shows it.
import { toHex } from '#protocol/bytes/hex.ts';
import type { Identity } from '#protocol/commands/identity.ts';

export interface SlotFacts {
  readonly ref2: number;
  readonly holdsKey: boolean;
  /** 10 hex digits; zeros without a key. */
  readonly kcv: string;
  /** Version of the key; in an empty slot the highest version that it has held. */
  readonly akv: number;
  /** ATTR, 7 characters. */
  readonly attributes: string;
}

/** Number of tries left after a successful import (docs/protocol.md clause 4.7). */
export const MAX_TRIES = 64;

export interface UnitFacts {
  /** 32 hex digits. */
  readonly sn: string;
  readonly set: number;
  readonly tkv: number;
  readonly profile: 'shared' | 'diversified';
  readonly lifecycle: 'blank' | 'operational';
  readonly suites: readonly number[];
  readonly signatureRequired: boolean;
  readonly tries: number;
  readonly firmware: number;
  /** Capability b2: the unit supports IDENTIFY. */
  readonly canBlink: boolean;
  readonly slots: readonly SlotFacts[];
}

export function factsOf(identity: Identity): UnitFacts {
  const { set, tkv, profile, lifecycle, suites, signatureRequired, tries, firmware } = identity;
  const canBlink = identity.capabilities.identify;
  const slots = identity.slots.map(({ ref2, state, kcv, akv, attributes }) => {
    return { ref2, holdsKey: state === 'key', kcv: toHex(kcv), akv, attributes };
  });
  const sn = toHex(identity.sn);
  return { sn, set, tkv, profile, lifecycle, suites, signatureRequired, tries, firmware, canBlink, slots };
}

/**
 * Returns the facts after the unit has stored `key`. The receipt contains these values, so the page
 * need not read the identity again.
 */
export function withKey(facts: UnitFacts, key: Omit<SlotFacts, 'holdsKey'>): UnitFacts {
  const slots = facts.slots.map((slot) => (slot.ref2 === key.ref2 ? { ...key, holdsKey: true } : slot));
  return { ...facts, tries: MAX_TRIES, slots };
}
