// The key that signs releases: Ed25519, in the PEM files of OpenSSL (RFC 8410).
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { copy } from '#protocol/bytes/bytes.ts';
import { toHex } from '#protocol/bytes/hex.ts';
import { rootFingerprint, type Signer } from '#protocol/signing/envelope.ts';

/** Extension of the file with the public key, beside the file with the secret key. */
const PUBLIC = '.pub';

/** An expected failure of a release command. `message` says what is wrong and what to do. */
export class ReleaseError extends Error {
  override readonly name = 'ReleaseError';
}

/**
 * Creates a key pair. Writes the secret key to `file`, which only this user may read, and the public
 * key beside it. Returns the lines to print.
 * @throws ReleaseError if a file exists
 */
export function createReleaseKey(file: string): readonly string[] {
  for (const path of [file, file + PUBLIC]) {
    if (existsSync(path)) throw new ReleaseError(`${path} already exists and is not overwritten. Name a new file.`);
  }
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  writeFileSync(file, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600, flag: 'wx' });
  chmodSync(file, 0o600);
  writeFileSync(file + PUBLIC, publicKey.export({ format: 'pem', type: 'spki' }), { flag: 'wx' });
  return [
    `Wrote the secret key to ${file}. Keep it offline, and keep a copy of it.`,
    `Wrote the public key to ${file + PUBLIC}. Publish these lines where readers trust them:`,
    ...describeKey(rawPublicKey(publicKey)),
  ];
}

/** Returns the lines that show a public key of 32 bytes. */
export function describeKey(publicKey: Uint8Array): readonly string[] {
  const groups = rootFingerprint(publicKey).match(/.{4}/g) ?? [];
  return [`  fingerprint  ${groups.join(' ')}`, `  in full      ${toHex(publicKey)}`];
}

/** @throws ReleaseError if the file has no Ed25519 key */
export function readReleaseKey(file: string): Signer {
  const key = readPrivateKey(file);
  return { publicKey: rawPublicKey(createPublicKey(key)), sign: (message) => copy(sign(null, message, key)) };
}

function readPrivateKey(file: string): KeyObject {
  if (!existsSync(file)) {
    throw new ReleaseError(`There is no file ${file}. Make a key: npm run release:key -- FILE`);
  }
  let key: KeyObject;
  try {
    key = createPrivateKey(readFileSync(file));
  } catch (cause) {
    throw new ReleaseError(`${file} contains no secret key in PEM.`, { cause });
  }
  if (key.asymmetricKeyType === 'ed25519') return key;
  throw new ReleaseError(`${file} contains no Ed25519 key, but ${key.asymmetricKeyType}.`);
}

/** Returns the 32 bytes with which the encoding of an Ed25519 public key ends. */
function rawPublicKey(key: KeyObject): Uint8Array {
  return copy(key.export({ format: 'der', type: 'spki' }).subarray(-32));
}
