// The signing keys in the state: creates them, replaces them before their certificates end, and
// drops the certificates that nothing needs any more (docs/protocol.md clause 9).
import { equalBytes, wipe } from '#protocol/bytes/bytes.ts';
import { keyId } from '#protocol/signing/envelope.ts';
import type { StateChanges } from '../sets/state-changes.ts';
import { retain, type SignedRecords } from '../signing/retention.ts';
import { byPurpose, certify, createSigningKey, expiringKeys } from '../signing/signing.ts';
import type { SigningKeyState, State } from '../storage/state.ts';

/** The state of a new service, with a root key and no certificates. */
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
 * Adds signing keys for the purposes that an earlier version did not have. The root key is only a
 * placeholder: no certificate names it for the purpose, so renewSigningKeys() replaces it before the
 * first use.
 */
export function withAllKeys(state: State): State {
  return { ...state, signingKeys: { ...byPurpose(() => state.root), ...state.signingKeys } };
}

/** One change for each key whose certificate ends. @throws UserError when the disk refuses one */
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

/** One change if there is anything to drop. @throws UserError when the disk refuses it */
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
 * The earlier verdict keys, with the key that is replaced now. Excludes the root key, which is only
 * the placeholder of withAllKeys().
 */
function withVerdictKey({ root, signingKeys: { verdict }, earlierVerdictKeys = [] }: State): SigningKeyState[] {
  return equalBytes(verdict.publicKey, root.publicKey) ? [...earlierVerdictKeys] : [verdict, ...earlierVerdictKeys];
}
