// The signing keys that one root key certified (docs/protocol.md clause 9), for a check without a
// service. A key is valid only for its purpose, and a signature only if the key was certified when
// the signature was made.
import type { Bytes } from '../bytes/bytes.ts';
import { fromBase64url } from '../bytes/text.ts';
import { IntegrityError } from '../errors.ts';
import * as shape from '../json/read.ts';
import type { CertificateJson } from '../service/messages.ts';
import { type Envelope, keyId, openEnvelope, type Verify } from '../signing/envelope.ts';

const CERTIFICATE_TYPE = 'application/vnd.keyferry.certificate+json';

/**
 * A certificate of any purpose: a later version may add purposes, and this version ignores their
 * keys.
 */
type Certificate = Omit<CertificateJson, 'purpose'> & { readonly purpose: string };

const certificate = shape.object<Certificate>({
  purpose: shape.text(/^[a-z-]{1,40}$/, 'a purpose'),
  publicKey: shape.octets(32, 32),
  asNumber: shape.integer(0, 0xffff),
  from: shape.time,
  until: shape.time,
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
   * `root` is the pinned root public key, 32 bytes. The caller never takes it from the file under
   * check.
   * @throws IntegrityError when a certificate is not signed by the root key; ProtocolError
   * file-refused
   */
  static async from(root: Uint8Array, envelopes: readonly Envelope[], verify: Verify): Promise<Certificates> {
    const certificates = new Certificates(verify);
    for (const each of envelopes) {
      const payload = await openEnvelope(each, CERTIFICATE_TYPE, root, verify);
      const { purpose, publicKey, from, until } = certificate(parse(payload), 'the certificate');
      const key = fromBase64url(publicKey);
      certificates.#keys.set(`${purpose} ${keyId(key)}`, { publicKey: key, from, until });
    }
    return certificates;
  }

  /**
   * Verifies an envelope with the key that is certified for the purpose, and returns its JSON
   * value, its payload and that key.
   * @throws IntegrityError when no such key is certified or the signature does not verify;
   * ProtocolError file-refused
   */
  async open(
    envelope: Envelope,
    purpose: CertificateJson['purpose'],
  ): Promise<{ readonly value: unknown; readonly payload: Bytes; readonly key: CertifiedKey }> {
    const key = this.#keys.get(`${purpose} ${envelope.signatures[0].keyid}`);
    if (key === undefined) throw new IntegrityError();
    const type = `application/vnd.keyferry.${purpose}+json`;
    const payload = await openEnvelope(envelope, type, key.publicKey, this.#verify);
    return { value: parse(payload), payload, key };
  }
}

/** True iff the key was certified at that moment. */
export function wasCertified({ from, until }: CertifiedKey, at: string): boolean {
  const moment = Date.parse(at);
  return Date.parse(from) <= moment && moment <= Date.parse(until);
}

function parse(payload: Uint8Array): unknown {
  return shape.parseJson(payload, 'a signed part');
}
