// Creates the signing keys in the state, and replaces them before their certificates expire. Drops
// certificates that are no longer needed (docs/protocol.md clause 9).
import { equalBytes, wipe } from '#protocol/bytes/bytes.ts';
import { keyId } from '#protocol/signing/envelope.ts';
import type { StateChanges } from '../sets/state-changes.ts';
import { retain, type SignedRecords } from '../signing/retention.ts';
import { byPurpose, certify, createSigningKey, expiringKeys } from '../signing/signing.ts';
import type { SigningKeyState, State } from '../storage/state.ts';

/** Returns the state of a new service, with a root key and without certificates. */
export function emptyState(): State {
  const root = createSigningKey();
  return {
    revision: 0,
    asNumber: 0,
    name: 'Keyferry AS',
    root,
    signingKeys: byPurpose(() => root),
    certificates: [],
    sets: [],
    operators: [],
  };
}

/**
 * Adds the signing keys that a state of an earlier version lacks. Uses the root key as their
 * placeholder. No certificate permits the root key for these purposes, so renewSigningKeys()
 * replaces the placeholder before its first use.
 */
export function withAllKeys(state: State): State {
  return { ...state, signingKeys: { ...byPurpose(() => state.root), ...state.signingKeys } };
}

/**
 * Replaces each key whose certificate expires soon, in one change per key.
 * @throws UserError when the disk refuses a change
 */
export async function renewSigningKeys(as: StateChanges): Promise<void> {
  for (const purpose of expiringKeys(as.state, as.now())) {
    const { root, asNumber } = as.state;
    const key = createSigningKey();
    try {
      const certificate = await certify(root, purpose, key.publicKey, asNumber, as.now());
      await as.change({
        event: 'signing-key-certified',
        actor: null,
        details: { purpose, keyId: keyId(key.publicKey) },
        next: (state) => ({
          ...state,
          signingKeys: { ...state.signingKeys, [purpose]: key },
          earlierVerdictKeys: purpose === 'verdict' ? withVerdictKey(state) : (state.earlierVerdictKeys ?? []),
          certificates: [...state.certificates, certificate],
        }),
      });
    } catch (cause) {
      wipe(key.secretKey);
      throw cause;
    }
  }
}

/**
 * Drops the certificates that are no longer needed, in one change. Makes no change if all are
 * needed.
 * @throws UserError when the disk refuses the change
 */
export async function dropCertificates(as: StateChanges, records: () => SignedRecords): Promise<void> {
  const { certificates, signingKeys } = as.state;
  if (certificates.length <= Object.keys(signingKeys).length) return;
  const dropped = certificates.length - retain(as.state, records(), as.now()).certificates.length;
  if (dropped === 0) return;
  await as.change({
    event: 'certificates-dropped',
    actor: null,
    details: { certificates: dropped },
    next: (state) => ({ ...state, ...retain(state, records(), as.now()) }),
  });
}

/**
 * Returns the earlier verdict keys, and the key that is being replaced. Excludes the root key,
 * which is only the placeholder of withAllKeys().
 */
function withVerdictKey({ root, signingKeys: { verdict }, earlierVerdictKeys = [] }: State): SigningKeyState[] {
  return equalBytes(verdict.publicKey, root.publicKey) ? [...earlierVerdictKeys] : [verdict, ...earlierVerdictKeys];
}
