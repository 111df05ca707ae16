// Executes the commands that list, limit and destroy sets.
import { hexNumber } from '#protocol/bytes/hex.ts';
import { counted } from '#protocol/text/counted.ts';
import { decodeHeader } from '#protocol/tkl/header.ts';
import { UserError } from '../../common/user-error.ts';
import type { As } from '../../service/as.ts';
import { setLabel } from '../../sets/set-access.ts';
import { destroySet, limitSet, requireSet } from '../../sets/sets.ts';
import type { SetState } from '../../storage/state.ts';
import { type Confirmation, requireConfirmed } from './confirmation.ts';
import { jsonLines } from './json.ts';
import { describeKey, keyJson } from './key-requests.ts';

export type SetRequest =
  | { readonly command: 'set list'; readonly json?: true }
  | { readonly command: 'set limit'; readonly set: number; readonly quotaPerUnit: number | null }
  | { readonly command: 'set destroy'; readonly set: number; readonly confirmation: Confirmation };

/** Executes a command and returns the lines to print. @throws UserError */
export async function runSetRequest(as: As, actor: string, request: SetRequest): Promise<readonly string[]> {
  const { sets } = as.state;
  switch (request.command) {
    case 'set list':
      if (request.json === true) return jsonLines(sets.map(setJson));
      return sets.length === 0 ? ['No sets yet.'] : sets.flatMap(describeSet);
    case 'set limit': {
      const { set, quotaPerUnit } = request;
      await limitSet(as, actor, set, quotaPerUnit);
      const limit = quotaPerUnit === null ? 'any number of exports' : counted(quotaPerUnit, 'export');
      return [`Set ${hexNumber(set, 8)} now allows ${limit} per unit.`];
    }
    case 'set destroy': {
      const found = requireSet(as.state, request.set);
      requireConfirmed(request.confirmation, `set ${hexNumber(found.set, 8)}`, found.name);
      await destroySet(as, actor, found.set, () => requireUnused(as, found));
      return [
        `The ${setLabel(found)} is destroyed, with its keys.`,
        'Backups that were made earlier still contain them.',
      ];
    }
  }
}

/**
 * Refuses to destroy a set whose T is still needed: for the receipts of its exports, for its work
 * orders, and for the journals of its vaults.
 * @throws UserError
 */
function requireUnused(as: As, found: SetState): void {
  const { set } = found;
  const refuse = (what: string) =>
    new UserError(
      `The ${setLabel(found)} has ${what}, which need its transport key. Destroy its keys with "key destroy" instead. Nothing was destroyed.`,
    );
  if (as.orders.hasOrderOf(set)) throw refuse('work orders');
  if (as.vaults.visible({ actor: '', sets: [set] }).length > 0) throw refuse('vaults');
  for (const { data } of as.ledger.all()) if (decodeHeader(data).set === set) throw refuse('exports');
}

export function describeSet(found: SetState): string[] {
  const { profile, transportKeys, units, quotaPerUnit, keys } = found;
  const versions = transportKeys.map(({ tkv, family }) => `TKV ${tkv} ${family}`).join(', ');
  const admits = units === null ? 'every unit of the set' : counted(units.length, 'listed unit');
  const quota = quotaPerUnit === null ? '' : `, ${counted(quotaPerUnit, 'export')} per unit`;
  return [
    `${setLabel(found)}: ${profile}, ${versions}, ${admits}${quota}`,
    ...keys.map((entry) => describeKey(found, entry)),
  ];
}

/** The facts of a set for --json, without keys. */
function setJson(found: SetState) {
  const { set, name, profile, transportKeys, units, quotaPerUnit, keys } = found;
  return {
    set: hexNumber(set, 8),
    name,
    profile,
    transportKeys: transportKeys.map(({ tkv, family }) => ({ tkv, family })),
    units,
    quotaPerUnit,
    keys: keys.map((entry) => keyJson(found, entry)),
  };
}
