// The complete vector sets of NIST CAVP. Each file in test/vectors names its source.
import { expect, it } from 'vitest';
import { fromHex, toHex } from '#protocol/bytes/hex.ts';
import { kbkdfCmac } from '#protocol/crypto/kbkdf.ts';
import { unwrapKey, wrapKey } from '#protocol/crypto/key-wrap.ts';
import { loadVectors } from '#test/support/vectors.ts';

it('AES-KW equals every row of NIST CAVP KW_AE_256 with a key of 16, 24 or 32 bytes', () => {
  const rows = loadVectors<{ kek: string; pt: string; ct: string }>('aes-kw.json');
  const usable = rows.filter(({ pt }) => [32, 48, 64].includes(pt.length));
  expect(usable.length).toBeGreaterThan(100);
  for (const { kek, pt, ct } of usable) {
    expect(toHex(wrapKey(fromHex(kek), fromHex(pt)))).toBe(ct.toUpperCase());
    expect(toHex(unwrapKey(fromHex(kek), fromHex(ct)))).toBe(pt.toUpperCase());
  }
});

it('KBKDF equals every row of NIST CAVP KDFCTR_gen with AES-CMAC and a leading 32-bit counter', () => {
  const rows = loadVectors<{ ctrLocation: string; rlenBits: number; KI: string; fixedInputData: string; KO: string }>(
    'kbkdf-cmac.json',
  );
  const usable = rows.filter((row) => row.ctrLocation === 'BEFORE_FIXED' && row.rlenBits === 32);
  expect(usable.length).toBeGreaterThan(10);
  for (const { KI, fixedInputData, KO } of usable) {
    const input = { key: fromHex(KI), fixedInput: fromHex(fixedInputData), length: KO.length / 2 };
    expect(toHex(kbkdfCmac(input))).toBe(KO.toUpperCase());
  }
});
