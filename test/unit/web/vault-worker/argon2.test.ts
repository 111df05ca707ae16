import { describe, expect, it } from 'vitest';
import { toHex } from '#protocol/bytes/hex.ts';
import { ascii } from '#protocol/bytes/text.ts';
import { derivePasswordKey } from '#web/vault-worker/argon2.ts';

const PASSWORD = ascii('passphrase');
const SALT = ascii('somesaltsomesalt');

describe('derivePasswordKey', () => {
  // The values are from the reference implementation (Debian package argon2), computed with:
  // printf passphrase | argon2 somesaltsomesalt -id -t … -k … -p … -l 32
  it.each([
    [{ memoryKib: 65_536, passes: 3, lanes: 4 }, 'AD7B610205CED724D3F5A629F0F1C9B6601DE930F1A57742326E8484EC8AE352'],
    [{ memoryKib: 47_104, passes: 1, lanes: 1 }, 'E21CC922A47CBED6931D1D7F85A3A571EDE5073523B2BF33AAAB72B642535208'],
  ])('derives the key of the reference implementation for %o', async (cost, expected) => {
    expect(toHex(await derivePasswordKey(PASSWORD, SALT, cost))).toBe(expected);
  });

  it('erases the memory of every instance', async () => {
    const memories: WebAssembly.Memory[] = [];
    const { instantiate } = WebAssembly;
    const recording = async (module: WebAssembly.Module): Promise<WebAssembly.Instance> => {
      const instance = await instantiate(module);
      const { memory } = instance.exports;
      if (memory instanceof WebAssembly.Memory) memories.push(memory);
      return instance;
    };
    Object.assign(WebAssembly, { instantiate: recording });
    try {
      await derivePasswordKey(PASSWORD, SALT, { memoryKib: 256, passes: 1, lanes: 1 });
    } finally {
      Object.assign(WebAssembly, { instantiate });
    }
    expect(memories.length).toBeGreaterThanOrEqual(2);
    for (const { buffer } of memories) expect(new Uint8Array(buffer).every((byte) => byte === 0)).toBe(true);
  });
});
