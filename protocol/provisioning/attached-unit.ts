// A unit behind an open link, with the identity that it reported. SELECT returns the identity and
// is sent once per link, so the first key of a unit takes three commands and each further key two.
import type { Transmit } from '../apdu/transmit.ts';
import { equalBytes } from '../bytes/bytes.ts';
import { toHex } from '../bytes/hex.ts';
import { run } from '../commands/command.ts';
import { getIdentity } from '../commands/get-identity.ts';
import type { Identity } from '../commands/identity.ts';
import { selectEi } from '../commands/select-ei.ts';
import { ProtocolError, StatusWordError } from '../errors.ts';

export interface AttachedUnit {
  readonly transmit: Transmit;
  readonly identity: Identity;
}

/**
 * Sends SELECT on a link that was just opened.
 * @throws ProtocolError not-a-unit when the device has no EI application; identity-malformed; any
 * error of the link
 */
export async function attach(transmit: Transmit): Promise<AttachedUnit> {
  try {
    return { transmit, identity: await run(transmit, selectEi, undefined) };
  } catch (cause) {
    const isResponse =
      cause instanceof ProtocolError && (cause instanceof StatusWordError || cause.code === 'unit-nonsense');
    if (!isResponse) throw cause;
    throw new ProtocolError('not-a-unit', `the device is not an EI: ${cause.message}`, { cause });
  }
}

/**
 * Reads the identity again. An import changes the slots, and replacing T changes TKV.
 * @throws ProtocolError unit-changed if another unit responds; any error of the link
 */
export async function refresh({ transmit, identity }: AttachedUnit): Promise<AttachedUnit> {
  const current = await run(transmit, getIdentity, undefined);
  requireSameUnit(current.sn, identity.sn);
  return { transmit, identity: current };
}

/** @throws ProtocolError unit-changed naming both serial numbers */
export function requireSameUnit(found: Uint8Array, expected: Uint8Array): void {
  if (equalBytes(found, expected)) return;
  throw new ProtocolError('unit-changed', `found unit ${toHex(found)}, expected ${toHex(expected)}`);
}
