import { describe, expect, it } from 'vitest';
import { ascii } from '#protocol/bytes/text.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import { KeyWrapper } from '#web/vault-worker/key-wrapper.ts';

describe('KeyWrapper', () => {
  it('decrypts a new copy of the key at each request', async () => {
    const wrapper = await KeyWrapper.create(globalThis.crypto.subtle);
    const [one, two] = [sha256(ascii('one')), sha256(ascii('two'))];
    const unwrapOne = await wrapper.wrap(one);
    const unwrapTwo = await wrapper.wrap(two);
    const first = await unwrapOne();
    expect(first).toEqual(one);
    first.fill(0);
    expect(await unwrapOne()).toEqual(one);
    expect(await unwrapTwo()).toEqual(two);
  });
});
