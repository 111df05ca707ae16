// Disables, enables and destroys key entries on behalf of an administrator. The receipts of earlier
// exports still verify, because they depend on T and not on the exported key.
import { entryKind } from '#protocol/as-unit/entry.ts';
import { hexNumber } from '#protocol/bytes/hex.ts';
import { UserError } from '../common/user-error.ts';
import type { ApplicationKeyState, SetState } from '../storage/state.ts';
import { viewEntry } from './entry-view.ts';
import { keyStatus } from './key-status.ts';
import { setLabel } from './set-access.ts';
import { type NewKey, replaceSet, requireSet } from './sets.ts';
import type { StateChanges } from './state-changes.ts';

export type KeyName = Pick<NewKey, 'set' | 'ref1'>;

export async function disableKey(as: StateChanges, actor: string, name: KeyName): Promise<void> {
  const { found, entry } = requireKey(as, name, 'enabled');
  await changeKey(as, actor, 'key-disabled', found, entry, (before) => ({ ...before, disabled: true }));
}

export async function enableKey(as: StateChanges, actor: string, name: KeyName): Promise<void> {
  const { found, entry } = requireKey(as, name, 'disabled');
  await changeKey(as, actor, 'key-enabled', found, entry, ({ disabled: _, ...before }) => before);
}

/**
 * Removes TA from the state, whose change wipes it. REF1, label, AKV and KCV stay, so that reports
 * remain readable and no other key gets this version.
 */
export async function destroyKey(as: StateChanges, actor: string, name: KeyName): Promise<void> {
  const { found, entry } = requireKey(as, name, 'enabled', 'disabled');
  if (entryKind(entry) !== 'key') {
    throw new UserError(`${entryLabel(found, entry)} contains no application key. Disable it instead.`);
  }
  const { kcv } = viewEntry(found, entry);
  const key = new Uint8Array(0);
  await changeKey(as, actor, 'key-destroyed', found, entry, (before) => ({ ...before, key, destroyedKcv: kcv }));
}

/** @throws UserError when there is no such entry */
export function findKey(as: Pick<StateChanges, 'state'>, { set, ref1 }: KeyName) {
  const found = requireSet(as.state, set);
  const entry = found.keys.find((each) => each.ref1 === ref1);
  if (entry !== undefined) return { found, entry };
  throw new UserError(`The ${setLabel(found)} has no key with REF1 ${hexNumber(ref1, 4)}. "key list" shows all keys.`);
}

/** @throws UserError unless the status of the entry is one of `permitted` */
function requireKey(as: StateChanges, name: KeyName, ...permitted: readonly ReturnType<typeof keyStatus>[]) {
  const { found, entry } = findKey(as, name);
  const status = keyStatus(entry);
  if (permitted.includes(status)) return { found, entry };
  const reason =
    status === 'destroyed' ? 'A destroyed key cannot be used again. Add a new key.' : 'Nothing was changed.';
  throw new UserError(`${entryLabel(found, entry)} is already ${status}. ${reason}`);
}

function entryLabel(set: SetState, { ref1, label }: ApplicationKeyState): string {
  return `REF1 ${hexNumber(ref1, 4)} (${label}) of ${setLabel(set)}`;
}

async function changeKey(
  as: StateChanges,
  actor: string,
  event: string,
  found: SetState,
  entry: ApplicationKeyState,
  next: (before: ApplicationKeyState) => ApplicationKeyState,
): Promise<void> {
  const { set } = found;
  const { ref1, label, akv } = entry;
  const { kcv } = viewEntry(found, entry);
  await as.change({
    event,
    actor,
    details: { set, ref1, label, akv, kcv },
    next: (state) =>
      replaceSet(state, set, (before) => ({
        ...before,
        keys: before.keys.map((each) => (each.ref1 === ref1 ? next(each) : each)),
      })),
  });
}
