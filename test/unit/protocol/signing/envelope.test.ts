// The signed envelope, compared byte for byte with Node's Ed25519 and SHA-256, and the refusal of
// every changed part.
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  sign as signMessage,
  verify as verifySignature,
} from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ascii, utf8 } from '#protocol/bytes/text.ts';
import { IntegrityError } from '#protocol/errors.ts';
import {
  type Envelope,
  keyId,
  openEnvelope,
  type Signer,
  sealEnvelope,
  type Verify,
} from '#protocol/signing/envelope.ts';

const TYPE = 'application/vnd.keyferry.test+json';
const PAYLOAD = utf8('{"ü":1}');
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
const privateKey = createPrivateKey({
  key: Buffer.concat([PKCS8, Buffer.alloc(32, 7)]),
  format: 'der',
  type: 'pkcs8',
});
const publicDer = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
const PUBLIC = Uint8Array.from(publicDer.subarray(-32));

const signer: Signer = {
  publicKey: PUBLIC,
  sign: (message) => Uint8Array.from(signMessage(null, message, privateKey)),
};

const verify: Verify = (publicKey, message, signature) => {
  const der = Buffer.concat([publicDer.subarray(0, -32), publicKey]);
  return verifySignature(null, message, createPublicKey({ key: der, format: 'der', type: 'spki' }), signature);
};

const open = (envelope: Envelope, type = TYPE, publicKey = PUBLIC, by = verify) =>
  openEnvelope(envelope, type, publicKey, by);

describe('a key id', () => {
  it('is the first 8 bytes of the SHA-256 of the public key', () => {
    const hash = createHash('sha256').update(PUBLIC).digest('hex').toUpperCase();
    expect(keyId(PUBLIC)).toBe(hash.slice(0, 16));
    expect(() => keyId(PUBLIC.subarray(1))).toThrow('publicKey has 31 bytes, not 32');
  });
});

describe('an envelope', () => {
  it('has type, payload, key id and a signature over the encoding of DSSE', async () => {
    const signed: Uint8Array[] = [];
    const sign = (message: Uint8Array) => {
      signed.push(message);
      return signer.sign(message);
    };
    const envelope = await sealEnvelope(TYPE, PAYLOAD, { ...signer, sign });
    expect(signed).toEqual([Uint8Array.from([...ascii(`DSSEv1 34 ${TYPE} 8 `), ...PAYLOAD])]);
    expect(envelope).toEqual({
      payloadType: TYPE,
      payload: Buffer.from(PAYLOAD).toString('base64url'),
      signatures: [
        { keyid: keyId(PUBLIC), sig: signMessage(null, signed[0] ?? PUBLIC, privateKey).toString('base64url') },
      ],
    });
    expect(await open(envelope)).toEqual(PAYLOAD);
  });

  it('is refused with another type, key, payload, signature or encoding', async () => {
    const envelope = await sealEnvelope(TYPE, PAYLOAD, signer);
    const [signature] = envelope.signatures;
    const withSignature = (change: Partial<typeof signature>): Envelope => ({
      ...envelope,
      signatures: [{ ...signature, ...change }],
    });
    const accepting: Verify = () => true;
    for (const [changed, by] of [
      [{ ...envelope, payloadType: 'text/plain' }, accepting],
      [withSignature({ keyid: '0000000000000000' }), accepting],
      [{ ...envelope, payload: 'AA' }, verify],
      [{ ...envelope, payload: 'A' }, accepting],
      [{ ...envelope, payload: `${envelope.payload}==` }, accepting],
      [withSignature({ sig: 'AA' }), accepting],
      [withSignature({ sig: `${signature.sig}AAAA` }), accepting],
      [withSignature({ sig: '!' }), accepting],
      [withSignature({ sig: Buffer.alloc(64).toString('base64url') }), verify],
    ] as const) {
      await expect(open(changed, TYPE, PUBLIC, by)).rejects.toThrow(IntegrityError);
    }
    await expect(open(envelope, 'text/plain', PUBLIC, accepting)).rejects.toThrow(IntegrityError);
    await expect(open(envelope, TYPE, Uint8Array.from(PUBLIC).fill(1), accepting)).rejects.toThrow(IntegrityError);
  });

  it('reports an error of the caller as such, not as a changed envelope', async () => {
    const envelope = { ...(await sealEnvelope(TYPE, PAYLOAD, signer)), payload: undefined as unknown as string };
    await expect(open(envelope)).rejects.toThrow(TypeError);
  });
});
