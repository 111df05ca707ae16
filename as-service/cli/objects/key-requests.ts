// Executes the commands that list, disable, enable and destroy keys.
import { entryKind } from '#protocol/as-unit/entry.ts';
import { hexNumber } from '#protocol/bytes/hex.ts';
import { counted } from '#protocol/text/counted.ts';
import type { As } from '../../service/as.ts';
import { viewEntry } from '../../sets/entry-view.ts';
import { destroyKey, disableKey, enableKey, findKey, type KeyName } from '../../sets/key-changes.ts';
import { keyStatus } from '../../sets/key-status.ts';
import { setLabel } from '../../sets/set-access.ts';
import { requireSet } from '../../sets/sets.ts';
import type { ApplicationKeyState, SetState } from '../../storage/state.ts';
import { type Confirmation, requireConfirmed } from './confirmation.ts';
import { jsonLines } from './json.ts';

export type KeyRequest =
  | { readonly command: 'key list'; readonly set: number | null; readonly json?: true }
  | ({ readonly command: 'key disable' | 'key enable' } & KeyName)
  | ({ readonly command: 'key destroy'; readonly confirmation: Confirmation } & KeyName);

/** Executes a command and returns the lines to print. @throws UserError */
export async function runKeyRequest(as: As, actor: string, request: KeyRequest): Promise<readonly string[]> {
  switch (request.command) {
    case 'key list':
      return listKeys(as, request);
    case 'key disable':
      await disableKey(as, actor, request);
      return [
        `REF1 ${hexNumber(request.ref1, 4)} is disabled. The service exports it no more.`,
        ...vaultsWith(as, actor, request),
      ];
    case 'key enable':
      await enableKey(as, actor, request);
      return [`REF1 ${hexNumber(request.ref1, 4)} is enabled.`];
    case 'key destroy': {
      const { found, entry } = findKey(as, request);
      const name = `REF1 ${hexNumber(entry.ref1, 4)}`;
      requireConfirmed(request.confirmation, `${name} of ${setLabel(found)}`, entry.label);
      await destroyKey(as, actor, request);
      return [
        `${name} is destroyed. Its name, version and KCV stay in the set.`,
        'Backups that were made earlier still contain the key.',
        ...vaultsWith(as, actor, request),
      ];
    }
  }
}

function listKeys(as: As, { set, json }: Extract<KeyRequest, { command: 'key list' }>): readonly string[] {
  const sets = set === null ? as.state.sets : [requireSet(as.state, set)];
  if (json === true) {
    return jsonLines(
      sets.flatMap((found) => [
        ...found.transportKeys.map(({ tkv, family }) => ({ set: hexNumber(found.set, 8), kind: 'T', tkv, family })),
        ...found.keys.map((entry) => ({ set: hexNumber(found.set, 8), ...keyJson(found, entry) })),
      ]),
    );
  }
  const lines = sets.flatMap((found) => [
    ...found.transportKeys.map(({ tkv, family }) => `${hexNumber(found.set, 8)}  T  TKV ${tkv}  ${family}`),
    ...found.keys.map((entry) => `${hexNumber(found.set, 8)}${describeKey(found, entry)}`),
  ]);
  return lines.length === 0 ? ['No keys yet.'] : lines;
}

export function describeKey(set: SetState, entry: ApplicationKeyState): string {
  const { ref1, akv, slot, label } = entry;
  const { kind, attributes, kcv } = viewEntry(set, entry);
  const what = kind === 'erasing' ? 'erases ' : attributes;
  const where = slot === 0xffff ? 'any slot' : `slot ${hexNumber(slot, 4)}`;
  const status = keyStatus(entry);
  const mark = status === 'enabled' ? '' : `  ${status}`;
  return `  REF1 ${hexNumber(ref1, 4)}  ${what}  AKV ${akv}  KCV ${kcv}  ${where}  ${label}${mark}`;
}

/** The facts of a key for --json, without the key. */
export function keyJson(set: SetState, entry: ApplicationKeyState) {
  const { ref1, label, akv, slot } = entry;
  const { attributes, kcv } = viewEntry(set, entry);
  const kind = { key: 'TA', erasing: 'erasing', 'transport-key': 'new T' }[entryKind(entry)];
  const facts = { ref1: hexNumber(ref1, 4), slot: slot === 0xffff ? null : hexNumber(slot, 4), akv };
  return { kind, label, ...facts, attributes, kcv, status: keyStatus(entry) };
}

/** Names the vaults that contain the key, because the AS cannot remove it from them. */
function vaultsWith(as: As, actor: string, { set, ref1 }: KeyName): readonly string[] {
  const vaults = as.vaults
    .visible({ actor, sets: [set] })
    .filter(({ issued }) => issued.header.set.keys.some((key) => key.ref1 === ref1));
  if (vaults.length === 0) return [];
  const numbers = vaults.map(({ issued }) => hexNumber(issued.header.asNumber, 4)).join(' ');
  return [`${counted(vaults.length, 'vault')} issued with this key can still export it: ${numbers}.`];
}
