// ANSI X9.143 (TR-31) key blocks of version D: AES key block binding with an AES-256 KBPK. They are
// the BODY of suite 01. Accepts exactly one encoding of each block and refuses the alternatives
// that X9.143 permits, so that two different texts are never the same block.
import { cbc } from '@noble/ciphers/aes.js';
import { type Bytes, concat, equalBytes, requireLength, wipe } from '../bytes/bytes.ts';
import { fromHex, toHex } from '../bytes/hex.ts';
import { readU16, u16 } from '../bytes/integers.ts';
import { ascii, fromAscii } from '../bytes/text.ts';
import { IntegrityError } from '../errors.ts';
import { cmac } from './prf.ts';

/** An optional block (X9.143 clause 6.3.6): an id of two characters, and data in upper case. */
export interface OptionalBlock {
  readonly id: string;
  readonly data: string;
}

export interface KeyBlock {
  /**
   * Usage(2) algorithm(1) mode of use(1) version(2) exportability(1): bytes 5 to 11 of the header.
   */
  readonly attributes: string;
  readonly optionalBlocks: readonly OptionalBlock[];
  /** 16, 24 or 32 bytes. */
  readonly key: Uint8Array;
}

const HEADER_LENGTH = 16;
const MAC_LENGTH = 16;
/**
 * Length of the plaintext: length field, key and pad. It is the same for keys of any length, so the
 * block does not reveal the length of its key.
 */
const CLEAR_LENGTH = 48;

/**
 * Derives KBEK and KBAK (X9.143 clause 7.2), 32 bytes each, which the caller wipes. Derivation
 * input: counter ‖ usage ‖ 00 ‖ algorithm 0004 (AES-256) ‖ length 0100 (256 bits).
 */
export function deriveKeyBlockKeys(kbpk: Uint8Array): { readonly kbek: Bytes; readonly kbak: Bytes } {
  requireLength('kbpk', kbpk, 32);
  const derive = (usage: 0x0000 | 0x0001): Bytes => {
    const half = (counter: 1 | 2) =>
      cmac({ key: kbpk, message: concat(counter, u16(usage), 0x00, u16(4), u16(0x100)) });
    const [first, second] = [half(1), half(2)];
    const key = concat(first, second);
    wipe(first, second);
    return key;
  };
  return { kbek: derive(0x0000), kbak: derive(0x0001) };
}

/**
 * Wraps a key. The result is ASCII.
 * @param pad random bytes that fill the plaintext up to 48 bytes: 46 bytes minus the length of the
 * key
 * @throws RangeError when the attributes or an optional block cannot be encoded in a header
 */
export function wrapKeyBlock(kbpk: Uint8Array, { attributes, optionalBlocks, key }: KeyBlock, pad: Uint8Array): Bytes {
  requireLength('key', key, 16, 24, 32);
  requireLength('pad', pad, CLEAR_LENGTH - 2 - key.length);
  const header = encodeHeader(attributes, optionalBlocks);
  const { kbek, kbak } = deriveKeyBlockKeys(kbpk);
  const clear = concat(u16(key.length * 8), key, pad);
  const macInput = concat(header, clear);
  try {
    const mac = cmac({ key: kbak, message: macInput });
    const encrypted = cbc(kbek, mac, { disablePadding: true }).encrypt(clear);
    return concat(header, ascii(toHex(encrypted)), ascii(toHex(mac)));
  } finally {
    wipe(kbek, kbak, clear, macInput);
  }
}

/**
 * Verifies and unwraps a key block. The caller wipes the key.
 * @throws IntegrityError for a wrong header, encoding, MAC or length field
 */
export function unwrapKeyBlock(kbpk: Uint8Array, keyBlock: Uint8Array): KeyBlock & { readonly key: Bytes } {
  const { attributes, optionalBlocks, header, encrypted, mac } = decode(keyBlock);
  const { kbek, kbak } = deriveKeyBlockKeys(kbpk);
  const clear: Bytes = cbc(kbek, mac, { disablePadding: true }).decrypt(encrypted);
  const macInput = concat(header, clear);
  try {
    if (!equalBytes(cmac({ key: kbak, message: macInput }), mac)) throw new IntegrityError();
    const bits = readU16(clear, 0);
    if (![128, 192, 256].includes(bits) || 2 + bits / 8 > clear.length) throw new IntegrityError();
    return { attributes, optionalBlocks, key: clear.slice(2, 2 + bits / 8) };
  } finally {
    wipe(kbek, kbak, clear, macInput);
  }
}

function encodeHeader(attributes: string, optionalBlocks: readonly OptionalBlock[]): Bytes {
  if (!/^[A-Z0-9]{7}$/.test(attributes)) throw new RangeError('attributes must be 7 upper-case letters and digits');
  const optional = optionalBlocks.map(({ id, data }) => {
    if (!/^[A-Z][A-Z0-9]$/.test(id) || !/^[\x20-\x7E]*$/.test(data) || data.length > 251) {
      throw new RangeError(`optional block "${id}" cannot be encoded`);
    }
    return id + toHex(Uint8Array.of(4 + data.length)) + data;
  });
  const tail = optional.join('');
  if (tail.length % 16 !== 0) throw new RangeError('optional blocks must fill whole blocks of 16 characters');
  const length = HEADER_LENGTH + tail.length + 2 * (CLEAR_LENGTH + MAC_LENGTH);
  return ascii(`D${decimal(length, 4)}${attributes}${decimal(optional.length, 2)}00${tail}`);
}

function decode(keyBlock: Uint8Array) {
  if (keyBlock.some((byte) => byte < 0x20 || byte > 0x7e)) throw new IntegrityError();
  const text = fromAscii(keyBlock);
  const fixed = /^D(\d{4})([A-Z0-9]{7})(\d{2})00/.exec(text);
  if (fixed === null || Number(fixed[1]) !== text.length) throw new IntegrityError();
  const { optionalBlocks, end } = decodeOptionalBlocks(text, Number(fixed[3]));
  const rest = text.slice(end);
  // The plaintext has at least 2 AES blocks of 32 digits (length field and key), and the MAC has 32
  // digits.
  if (!/^(?:[0-9A-F]{32}){3,}$/.test(rest) || end % 16 !== 0) throw new IntegrityError();
  const mac = fromHex(rest.slice(-2 * MAC_LENGTH));
  const encrypted = fromHex(rest.slice(0, -2 * MAC_LENGTH));
  return { attributes: fixed[2] ?? '', optionalBlocks, header: ascii(text.slice(0, end)), encrypted, mac };
}

function decodeOptionalBlocks(text: string, count: number): { optionalBlocks: OptionalBlock[]; end: number } {
  const optionalBlocks: OptionalBlock[] = [];
  let end = HEADER_LENGTH;
  for (let i = 0; i < count; i++) {
    // Length 00 would announce an extended length. X9.143 permits that, but the same block would
    // then have two encodings, so this code refuses it.
    const head = /^([A-Z][A-Z0-9])([0-9A-F]{2})$/.exec(text.slice(end, end + 4));
    const length = Number.parseInt(head?.[2] ?? '00', 16);
    const id = head?.[1] ?? '';
    if (length < 4 || optionalBlocks.some((block) => block.id === id)) throw new IntegrityError();
    optionalBlocks.push({ id, data: text.slice(end + 4, end + length) });
    end += length;
  }
  return { optionalBlocks, end };
}

function decimal(value: number, digits: number): string {
  return value.toString().padStart(digits, '0');
}
