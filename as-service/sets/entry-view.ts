// An entry of REF1 as people and JSON see it: a key, or by docs/protocol.md clause 8 the erasing of a slot or a new T.
import { type EntryKind, entryKind } from '#protocol/as-unit/entry.ts';
import { toHex } from '#protocol/bytes/hex.ts';
import { keyCheckValue, NO_KCV } from '#protocol/tkl/body.ts';
import type { ApplicationKeyState, SetState } from '../storage/state.ts';

export interface EntryView {
  readonly kind: EntryKind;
  /** ATTR; empty where it erases. */
  readonly attributes: string;
  /** 10 hex digits; zero where there is no key, or where each unit of the set is given another one. */
  readonly kcv: string;
}

export function viewEntry({ profile, transportKeys }: SetState, entry: ApplicationKeyState): EntryView {
  const kind = entryKind(entry);
  const { attributes } = entry;
  if (kind === 'erasing') return { kind, attributes: '', kcv: toHex(NO_KCV.value) };
  const key = kind === 'key' ? entry.key : transportKeys.find(({ tkv }) => tkv === entry.akv)?.key;
  const isOneKey = key !== undefined && (kind === 'key' || profile === 'shared');
  return { kind, attributes, kcv: toHex(isOneKey ? keyCheckValue(attributes, key).value : NO_KCV.value) };
}
