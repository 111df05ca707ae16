// The signing keys that one root certified, for verifying a file without the service. A key
// verifies only envelopes of its certified purpose (docs/protocol.md clause 9).
import * as v from 'valibot';
import type { Bytes } from '../bytes/bytes.ts';
import { fromBase64url } from '../bytes/text.ts';
import { IntegrityError } from '../errors.ts';
import { parseJson, readDocument } from '../json/document.ts';
import { text } from '../json/schema.ts';
import { type Envelope, keyId, openEnvelope, type Verify } from '../signing/envelope.ts';
import { CERTIFICATE_TYPE, type CertificateJson, certificateSchema } from './messages.ts';

/** Also permits the purposes of later versions. open() never uses a key with such a purpose. */
const anyCertificateSchema = v.object({
  ...certificateSchema.entries,
  purpose: text(/^[a-z-]{1,40}$/, 'a purpose'),
});

export interface CertifiedKey {
  readonly publicKey: Bytes;
  readonly from: string;
  readonly until: string;
}

export class Certificates {
  readonly #keys = new Map<string, CertifiedKey>();
  readonly #verify: Verify;

  private constructor(verify: Verify) {
    this.#verify = verify;
  }

  /**
   * Reads the certificates. `root` is a pinned key of 32 bytes, never the one in the file that is
   * verified.
   * @throws IntegrityError if the root did not sign a certificate; ProtocolError file-refused
   */
  static async from(root: Uint8Array, envelopes: readonly Envelope[], verify: Verify): Promise<Certificates> {
    const certificates = new Certificates(verify);
    for (const each of envelopes) {
      const payload = await openEnvelope(each, CERTIFICATE_TYPE, root, verify);
      const { purpose, publicKey, from, until } = readDocument(anyCertificateSchema, parse(payload), 'the certificate');
      const key = fromBase64url(publicKey);
      certificates.#keys.set(`${purpose} ${keyId(key)}`, { publicKey: key, from, until });
    }
    return certificates;
  }

  /**
   * True iff the key that signed the envelope is certified for `purpose`. Verifies no signature.
   */
  has(envelope: Envelope, purpose: CertificateJson['purpose']): boolean {
    return this.#find(envelope, purpose) !== undefined;
  }

  /** Returns the public keys that are certified for `purpose`. */
  keysFor(purpose: CertificateJson['purpose']): readonly Bytes[] {
    return [...this.#keys].flatMap(([name, { publicKey }]) => (name.startsWith(`${purpose} `) ? [publicKey] : []));
  }

  /**
   * Verifies an envelope by the key that is certified for `purpose`.
   * @throws IntegrityError if there is no such key or the signature is wrong; ProtocolError
   * file-refused
   */
  async open(
    envelope: Envelope,
    purpose: CertificateJson['purpose'],
  ): Promise<{ readonly value: unknown; readonly payload: Bytes; readonly key: CertifiedKey }> {
    const key = this.#find(envelope, purpose);
    if (key === undefined) throw new IntegrityError();
    const type = `application/vnd.keyferry.${purpose}+json`;
    const payload = await openEnvelope(envelope, type, key.publicKey, this.#verify);
    return { value: parse(payload), payload, key };
  }

  #find(envelope: Envelope, purpose: CertificateJson['purpose']): CertifiedKey | undefined {
    return this.#keys.get(`${purpose} ${envelope.signatures[0].keyid}`);
  }
}

/** True iff `at` (ISO 8601) is in the period for which the key is certified. */
export function wasCertified({ from, until }: CertifiedKey, at: string): boolean {
  const moment = Date.parse(at);
  return Date.parse(from) <= moment && moment <= Date.parse(until);
}

function parse(payload: Uint8Array): unknown {
  return parseJson(payload, 'a signed part');
}
