// Computes published test vectors with the cryptography of this page. Runs in the worker of the
// self-test, because the page itself does not need these algorithms.
import { equalBytes } from '#protocol/bytes/bytes.ts';
import { fromHex } from '#protocol/bytes/hex.ts';
import { ascii } from '#protocol/bytes/text.ts';
import { sealAead } from '#protocol/crypto/aead.ts';
import { wrapKey } from '#protocol/crypto/key-wrap.ts';
import { cmac, hmacSha256, sha256 } from '#protocol/crypto/prf.ts';

export type Algorithm = 'SHA-256' | 'HMAC-SHA-256' | 'AES-CMAC' | 'AES key wrap' | 'ChaCha20-Poly1305';

interface KnownAnswer {
  readonly name: Algorithm;
  readonly compute: () => Uint8Array;
  /** Hex. */
  readonly answer: string;
}

const KEY = '000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F';

const KNOWN_ANSWERS: readonly KnownAnswer[] = [
  {
    // FIPS 180-4, example of NIST for "abc".
    name: 'SHA-256',
    compute: () => sha256(ascii('abc')),
    answer: 'BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD',
  },
  {
    // RFC 4231 clause 4.3.
    name: 'HMAC-SHA-256',
    compute: () => hmacSha256({ key: ascii('Jefe'), message: ascii('what do ya want for nothing?') }),
    answer: '5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843',
  },
  {
    // NIST SP 800-38B appendix D.3, example 10.
    name: 'AES-CMAC',
    compute: () =>
      cmac({
        key: fromHex('603DEB1015CA71BE2B73AEF0857D77811F352C073B6108D72D9810A30914DFF4'),
        message: fromHex('6BC1BEE22E409F96E93D7E117393172A'),
      }),
    answer: '28A7023F452E8F82BD4BF28D8C37C35C',
  },
  {
    // RFC 3394 clause 4.6.
    name: 'AES key wrap',
    compute: () => wrapKey(fromHex(KEY), fromHex('00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F')),
    answer: '28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326CBC7F0E71A99F43BFB988B9B7A02DD21',
  },
  {
    // RFC 8439 clause 2.8.2.
    name: 'ChaCha20-Poly1305',
    compute: () =>
      sealAead(
        {
          key: fromHex('808182838485868788898A8B8C8D8E8F909192939495969798999A9B9C9D9E9F'),
          nonce: fromHex('070000004041424344454647'),
          aad: fromHex('50515253C0C1C2C3C4C5C6C7'),
        },
        ascii(
          "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
        ),
      ),
    answer:
      'D31A8D34648E60DB7B86AFBC53EF7EC2A4ADED51296E08FEA9E2B5A736EE62D63DBEA45E8CA9671282FAFB69DA92728B' +
      '1A71DE0A9E060B2905D6A5B67ECD3B3692DDBD7F2D778B8C9803AEE328091B58FAB324E4FAD675945585808B4831D7BC' +
      '3FF4DEF08E4B7A9DE576D26586CEC64B61161AE10B594F09E26A7E902ECBD0600691',
  },
];

/** For each algorithm, whether its result is the published one. */
export type KnownAnswerResults = readonly (readonly [Algorithm, boolean])[];

export function computeKnownAnswers(): KnownAnswerResults {
  return KNOWN_ANSWERS.map(({ name, compute, answer }) => [name, equalBytes(compute(), fromHex(answer))]);
}
