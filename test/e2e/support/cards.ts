// The AS token card of the tests.
import type { TokenDescription } from '#device-sim/setup/token-description.ts';
import { FIELD_KEY, type TestSet } from './sets.ts';

export const PIN = '271828';

/** Describes a card of the set that holds the field key and responds without delay. */
export function card(
  { set, profile, family, transportKey }: TestSet,
  more: Partial<TokenDescription> = {},
): TokenDescription {
  return {
    sn: 'CA4D0001',
    set,
    profile,
    family,
    transportKeys: [{ tkv: 1, key: transportKey }],
    entries: [{ ref1: FIELD_KEY.ref1, label: FIELD_KEY.label, akv: 1, key: FIELD_KEY.key }],
    pin: PIN,
    latency: { data: 0, pin: 0, exportKey: 0, verifyReceipt: 0 },
    ...more,
  };
}
