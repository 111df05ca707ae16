// The sealing of the state and of log records (ADR 0012) and the MAC of a log line (ADR 0049): the
// formats, what opens, what is refused, and what remains of the keys.
import crypto, { createDecipheriv, createHmac, hkdfSync } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { Sealer } from '#as-service/storage/sealer.ts';
import { isZero } from '#protocol/bytes/bytes.ts';
import { IntegrityError } from '#protocol/errors.ts';
import { flipBit } from '#test/support/bits.ts';
import { replaceInNode } from '#test/support/node-modules.ts';

const KEY = new Uint8Array(32).fill(7);
const create = (fill = 7) => new Sealer(new Uint8Array(32).fill(fill));
const text = new Uint8Array(Buffer.from('a secret'));

/** Derives a key of the service with Node alone. */
const derive = (purpose: string, salt: Uint8Array) =>
  new Uint8Array(hkdfSync('sha256', KEY, salt, `keyferry ${purpose}`, 32));

/** Opens nonce ‖ ciphertext ‖ tag with Node alone. */
function openWith(key: Uint8Array, header: Uint8Array, sealed: Uint8Array): string {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12)).setAAD(header);
  decipher.setAuthTag(sealed.subarray(-16));
  return decipher.update(sealed.subarray(12, -16)).toString() + decipher.final().toString();
}

/** Records the secrets that the sealer derives and deciphers until the test ends. */
function watchSecrets(): Uint8Array[] {
  const secrets: Uint8Array[] = [];
  replaceInNode(crypto, 'hkdfSync', (original) => (...args) => {
    const key = original(...args);
    secrets.push(new Uint8Array(key));
    return key;
  });
  const decipher = createDecipheriv('aes-256-gcm', KEY, new Uint8Array(12));
  const prototype = Object.getPrototypeOf(decipher) as { update(data: Uint8Array): Uint8Array };
  const { update } = prototype;
  vi.spyOn(prototype, 'update').mockImplementation(function (this: typeof decipher, data) {
    const plaintext = update.call(this, data);
    secrets.push(plaintext);
    return plaintext;
  });
  return secrets;
}

describe('the sealer', () => {
  it('opens what it has sealed, with the same key only', () => {
    expect(create().openState(create().sealState(text))).toEqual(text);
    expect(create().openRecord(3, create().sealRecord(3, text))).toEqual(text);
    expect(create().openRecord(3, create().sealRecord(3, new Uint8Array(0)))).toEqual(new Uint8Array(0));
    expect(() => create(8).openState(create().sealState(text))).toThrow(IntegrityError);
    expect(() => create(8).openRecord(3, create().sealRecord(3, text))).toThrow(IntegrityError);
    expect(() => create().openRecord(4, create().sealRecord(3, text))).toThrow(IntegrityError);
  });

  it('seals equal input differently each time', () => {
    const sealer = create();
    expect(sealer.sealState(text)).not.toEqual(sealer.sealState(text));
    expect(sealer.sealRecord(5, text)).not.toEqual(sealer.sealRecord(5, text));
  });

  it('has formats that begin with a version and have a salt of 32, a nonce of 12 and a tag of 16 bytes', () => {
    const state = create().sealState(text);
    expect(Buffer.from(state.subarray(0, 8)).toString()).toBe('KFSTATE1');
    expect(openWith(derive('state', state.subarray(8, 40)), state.subarray(0, 40), state.subarray(40))).toBe(
      'a secret',
    );
    const record = create().sealRecord(12, text);
    const key = derive('record', new Uint8Array(0));
    expect(openWith(key, Buffer.from('KFRECORD112'), record)).toBe('a secret');
    const mac = createHmac('sha256', derive('log line', new Uint8Array(0)))
      .update('hash')
      .digest('base64url');
    expect(create().macOf('hash')).toBe(mac);
  });

  it('refuses every changed bit and every truncated length', () => {
    const [state, record] = [create().sealState(text), create().sealRecord(3, text)];
    for (const [sealed, open] of [
      [state, (bytes: Uint8Array) => create().openState(bytes)],
      [record, (bytes: Uint8Array) => create().openRecord(3, bytes)],
    ] as const) {
      for (let bit = 0; bit < sealed.length * 8; bit++)
        expect(() => open(flipBit(sealed, bit))).toThrow(IntegrityError);
      for (let end = 0; end < sealed.length; end++) expect(() => open(sealed.subarray(0, end))).toThrow(IntegrityError);
    }
  });

  it('does not open the state of another version', () => {
    const state = create().sealState(text);
    const key = derive('state', state.subarray(8, 40));
    const header = Buffer.concat([Buffer.from('KFSTATE2'), state.subarray(8, 40)]);
    const cipher = crypto.createCipheriv('aes-256-gcm', key, state.subarray(40, 52)).setAAD(header);
    const body = Buffer.concat([cipher.update(text), cipher.final()]);
    const other = Buffer.concat([header, state.subarray(40, 52), body, cipher.getAuthTag()]);
    expect(() => create().openState(other)).toThrow(IntegrityError);
  });

  it('accepts only its own MAC of a log line, and refuses one of another length without an error', () => {
    const mac = create().macOf('hash');
    expect(create().isMacOf('hash', mac)).toBe(true);
    for (const other of ['', mac.slice(1), `${mac}A`, create(8).macOf('hash'), create().macOf('other')]) {
      expect(create().isMacOf('hash', other)).toBe(false);
    }
  });
});

describe('the keys of the sealer', () => {
  it('come from a key of 32 bytes, and are all wiped when it is closed', () => {
    expect(() => new Sealer(new Uint8Array(31))).toThrow('sealingKey has 31 bytes, not 32');
    const secrets = watchSecrets();
    const key = KEY.slice();
    const sealer = new Sealer(key);
    expect([key, ...secrets].map(isZero)).toEqual([false, false, false]);
    sealer.close();
    expect([key, ...secrets].map(isZero)).toEqual([true, true, true]);
  });

  it('of a state, and what was deciphered, are wiped after each use', () => {
    const sealer = create();
    const sealed = sealer.sealState(text);
    const secrets = watchSecrets();
    sealer.sealState(text);
    expect(secrets.map(isZero)).toEqual([true]);
    expect(sealer.openState(sealed)).toEqual(text);
    expect(secrets.map(isZero)).toEqual([true, true, true]);
    expect(() => sealer.openState(flipBit(sealed, sealed.length * 8 - 1))).toThrow(IntegrityError);
    expect(secrets.map(isZero)).toEqual([true, true, true, true, true]);
  });
});
