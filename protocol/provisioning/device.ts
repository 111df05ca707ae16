// A unit on an open link, known by what it says of itself. One SELECT per link and it answers with the identity, so the first key
// of a unit takes three command round trips and each further one two. Knows nothing of cables.
import type { Transmit } from '../apdu/transmit.ts';
import { equalBytes } from '../bytes/bytes.ts';
import { toHex } from '../bytes/hex.ts';
import { run } from '../commands/command.ts';
import { getIdentity } from '../commands/get-identity.ts';
import type { Identity } from '../commands/identity.ts';
import { selectEi } from '../commands/select-ei.ts';
import { ProtocolError, StatusWordError } from '../errors.ts';

export interface Device {
  readonly transmit: Transmit;
  readonly identity: Identity;
}

/**
 * SELECT on a link that was just opened.
 * @throws ProtocolError not-a-unit when whatever is there is no EI; of the link
 */
export async function attach(transmit: Transmit): Promise<Device> {
  try {
    return { transmit, identity: await run(transmit, selectEi, undefined) };
  } catch (cause) {
    const isAnswer =
      cause instanceof ProtocolError && (cause instanceof StatusWordError || cause.code === 'unit-nonsense');
    if (!isAnswer) throw cause;
    throw new ProtocolError('not-a-unit', `what is attached is no EI: ${cause.message}`, { cause });
  }
}

/** Reads the identity again, for its slots after an import and its TKV after a replacement of T. @throws ProtocolError unit-changed when it is another unit now */
export async function refresh({ transmit, identity }: Device): Promise<Device> {
  const now = await run(transmit, getIdentity, undefined);
  requireSameUnit(now.sn, identity.sn);
  return { transmit, identity: now };
}

/** @throws ProtocolError unit-changed naming both serial numbers */
export function requireSameUnit(found: Uint8Array, expected: Uint8Array): void {
  if (equalBytes(found, expected)) return;
  throw new ProtocolError('unit-changed', `this is unit ${toHex(found)}, not ${toHex(expected)}`);
}
