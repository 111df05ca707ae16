// The full third-party vector sets, which are too large for this repository: run where the folder is, said to be skipped where not.
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '#protocol/bytes/hex.ts';
import { kbkdfCmac } from '#protocol/crypto/kbkdf.ts';
import { unwrapKey, wrapKey } from '#protocol/crypto/key-wrap.ts';

const FOLDER = new URL('../../../../shared/vectors/', import.meta.url);
const MISSING = !existsSync(FOLDER);

function load<Row>(file: string): Row[] {
  return MISSING ? [] : (JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as { vectors: Row[] }).vectors;
}

describe.skipIf(MISSING)(
  'full vector sets (skipped where the folder shared/vectors is not beside the checkout)',
  () => {
    it('AES-KW: every row of NIST CAVP KW_AE_256 with a key of 16, 24 or 32 bytes', () => {
      const rows = load<{ kek: string; pt: string; ct: string }>('aes_kw_rfc3394.json');
      const usable = rows.filter(({ pt }) => [32, 48, 64].includes(pt.length));
      expect(usable.length).toBeGreaterThan(100);
      for (const { kek, pt, ct } of usable) {
        expect(toHex(wrapKey(fromHex(kek), fromHex(pt)))).toBe(ct.toUpperCase());
        expect(toHex(unwrapKey(fromHex(kek), fromHex(ct)))).toBe(pt.toUpperCase());
      }
    });

    it('KBKDF: every row of NIST CAVP KDFCTR_gen with AES-CMAC and a 32-bit counter before the fixed input', () => {
      const rows = load<{ ctrLocation: string; rlenBits: number; KI: string; fixedInputData: string; KO: string }>(
        'kbkdf_ctr_cmac_cavp.json',
      );
      const usable = rows.filter((row) => row.ctrLocation === 'BEFORE_FIXED' && row.rlenBits === 32);
      expect(usable.length).toBeGreaterThan(10);
      for (const { KI, fixedInputData, KO } of usable) {
        const input = { key: fromHex(KI), fixedInput: fromHex(fixedInputData), length: KO.length / 2 };
        expect(toHex(kbkdfCmac(input))).toBe(KO.toUpperCase());
      }
    });
  },
);
