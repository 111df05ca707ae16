// Encrypts the state file and the sealed parts of the log with AES-256-GCM (SP 800-38D, ADR 0012).
// Authenticates the lines of the log with HMAC-SHA-256 (ADR 0049). Derives a key for each purpose
// from the sealing key with HKDF (RFC 5869).
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { type Bytes, concat, requireLength, wipe } from '#protocol/bytes/bytes.ts';
import { ascii } from '#protocol/bytes/text.ts';
import { IntegrityError } from '#protocol/errors.ts';

const NONCE_LENGTH = 12;
const TAG_LENGTH = 16;
const SALT_LENGTH = 32;
const STATE_HEADER = ascii('KFSTATE1');
const RECORD_HEADER = ascii('KFRECORD1');

export class Sealer {
  readonly #sealingKey: Uint8Array;
  readonly #recordKey: Bytes;
  readonly #lineKey: Bytes;

  /** `sealingKey` has 32 bytes. close() wipes it. */
  constructor(sealingKey: Uint8Array) {
    requireLength('sealingKey', sealingKey, 32);
    this.#sealingKey = sealingKey;
    this.#recordKey = this.#derive('keyferry record', new Uint8Array(0));
    this.#lineKey = this.#derive('keyferry log line', new Uint8Array(0));
  }

  /**
   * Returns version ‖ salt ‖ nonce ‖ ciphertext ‖ tag. Each call uses a new salt and therefore a
   * new key.
   */
  sealState(plaintext: Uint8Array): Bytes {
    const header = concat(STATE_HEADER, randomBytes(SALT_LENGTH));
    const key = this.#derive('keyferry state', header.subarray(STATE_HEADER.length));
    try {
      return concat(header, seal(key, header, plaintext));
    } finally {
      wipe(key);
    }
  }

  /** @throws IntegrityError for a wrong key, a changed file or an unknown version */
  openState(sealed: Uint8Array): Bytes {
    const header = sealed.subarray(0, STATE_HEADER.length + SALT_LENGTH);
    if (Buffer.compare(header.subarray(0, STATE_HEADER.length), STATE_HEADER) !== 0) throw new IntegrityError();
    const key = this.#derive('keyferry state', header.subarray(STATE_HEADER.length));
    try {
      return open(key, header, sealed.subarray(header.length));
    } finally {
      wipe(key);
    }
  }

  /** Seals part of a log entry. The sequence number is authenticated with it. */
  sealRecord(sequence: number, plaintext: Uint8Array): Bytes {
    return seal(this.#recordKey, recordHeader(sequence), plaintext);
  }

  /** @throws IntegrityError */
  openRecord(sequence: number, sealed: Uint8Array): Bytes {
    return open(this.#recordKey, recordHeader(sequence), sealed);
  }

  /** Returns the MAC of a log line, over its hash; base64url. */
  macOf(hash: string): string {
    return createHmac('sha256', this.#lineKey).update(hash).digest('base64url');
  }

  isMacOf(hash: string, mac: string): boolean {
    const [expected, given] = [Buffer.from(this.macOf(hash)), Buffer.from(mac)];
    return expected.length === given.length && timingSafeEqual(expected, given);
  }

  close(): void {
    wipe(this.#sealingKey, this.#recordKey, this.#lineKey);
  }

  #derive(purpose: string, salt: Uint8Array): Bytes {
    return new Uint8Array(hkdfSync('sha256', this.#sealingKey, salt, purpose, 32));
  }
}

function recordHeader(sequence: number): Bytes {
  return concat(RECORD_HEADER, ascii(String(sequence)));
}

function seal(key: Uint8Array, header: Uint8Array, plaintext: Uint8Array): Bytes {
  const nonce = randomBytes(NONCE_LENGTH);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(header);
  return concat(nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag());
}

function open(key: Uint8Array, header: Uint8Array, sealed: Uint8Array): Bytes {
  const end = sealed.length - TAG_LENGTH;
  if (end < NONCE_LENGTH) throw new IntegrityError();
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_LENGTH), {
    authTagLength: TAG_LENGTH,
  });
  decipher.setAAD(header).setAuthTag(sealed.subarray(end));
  const plaintext = decipher.update(sealed.subarray(NONCE_LENGTH, end));
  try {
    return concat(plaintext, decipher.final());
  } catch {
    throw new IntegrityError();
  } finally {
    wipe(plaintext);
  }
}
