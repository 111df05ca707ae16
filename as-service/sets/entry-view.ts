// A key entry without its key, for GET /v1/keys, the CLI and work orders.
import { type EntryKind, entryKind } from '#protocol/as-unit/entry.ts';
import { toHex } from '#protocol/bytes/hex.ts';
import { keyCheckValue, NO_KCV } from '#protocol/tkl/body.ts';
import type { ApplicationKeyState, SetState } from '../storage/state.ts';

export interface EntryView {
  readonly kind: EntryKind;
  /** ATTR; empty for an entry that erases a slot. */
  readonly attributes: string;
  /**
   * KCV, 10 hex digits. All zero for an entry without a key. Also all zero for a new T of a
   * diversified set, because each unit receives its own K_D.
   */
  readonly kcv: string;
}

export function viewEntry({ profile, transportKeys }: SetState, entry: ApplicationKeyState): EntryView {
  const kind = entryKind(entry);
  const { attributes } = entry;
  if (kind === 'erasing') return { kind, attributes: '', kcv: toHex(NO_KCV.value) };
  if (entry.destroyedKcv !== undefined) return { kind, attributes, kcv: entry.destroyedKcv };
  const key = kind === 'key' ? entry.key : transportKeys.find(({ tkv }) => tkv === entry.akv)?.key;
  const isOneKey = key !== undefined && (kind === 'key' || profile === 'shared');
  return { kind, attributes, kcv: toHex(isOneKey ? keyCheckValue(attributes, key).value : NO_KCV.value) };
}
