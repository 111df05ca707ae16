// Issues a vault file: seals the secrets under the passphrase and signs the header. Used by the
// service (docs/protocol.md clause 10.1), which supplies all random values.
import { type Bytes, wipe } from '../bytes/bytes.ts';
import { toBase64url, utf8 } from '../bytes/text.ts';
import type { Argon2Cost } from '../crypto/argon2.ts';
import { sha256 } from '../crypto/prf.ts';
import { type Envelope, type Signer, sealEnvelope } from '../signing/envelope.ts';
import { base64url } from './fields.ts';
import { encodeVaultFile } from './file.ts';
import { decodeVaultHeader, VAULT_FORMAT, VAULT_TYPE, type VaultHeaderJson } from './header.ts';
import { deriveVaultKey, type PasswordKey } from './passphrase.ts';
import { sealVaultSecrets, type VaultSecrets } from './secrets.ts';

export interface VaultIssue {
  readonly header: Omit<VaultHeaderJson, 'format' | 'argon2id' | 'sealed'>;
  /** The caller wipes the secrets. */
  readonly secrets: VaultSecrets;
  readonly passphrase: string;
  readonly cost: Argon2Cost;
  /** 16 random bytes, used only once. */
  readonly salt: Uint8Array;
  readonly derive: PasswordKey;
  /** Has a key of purpose "vault", which `certificate` certifies. */
  readonly signer: Signer;
  readonly certificate: Envelope;
}

export interface IssuedVault {
  /** Text of the vault file. */
  readonly text: string;
  readonly header: VaultHeaderJson;
  /** SHA-256 of the payload of the header, 32 bytes. */
  readonly headerHash: Bytes;
}

/** @throws ProtocolError vault-malformed for a header that readers refuse */
export async function issueVaultFile(issue: VaultIssue): Promise<IssuedVault> {
  const { secrets, passphrase, cost, salt, derive, signer, certificate } = issue;
  const { vaultId, asNumber } = issue.header;
  const key = await deriveVaultKey(passphrase, { ...cost, salt }, derive);
  let sealed: Bytes;
  try {
    sealed = sealVaultSecrets(secrets, { vaultId: base64url(vaultId, 'vaultId'), asNumber }, key);
  } finally {
    wipe(key);
  }
  const header = decodeVaultHeader({
    format: VAULT_FORMAT,
    ...issue.header,
    argon2id: { ...cost, salt: toBase64url(salt) },
    sealed: { length: sealed.length, sha256: toBase64url(sha256(sealed)) },
  });
  const payload = utf8(JSON.stringify(header));
  const envelope = await sealEnvelope(VAULT_TYPE, payload, signer);
  const text = encodeVaultFile({ header: envelope, certificate, sealed: toBase64url(sealed) });
  return { text, header, headerHash: sha256(payload) };
}
