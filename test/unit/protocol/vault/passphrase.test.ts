// The passphrase of a vault: its encoding, the bounds of the Argon2id cost, and the published
// values of Argon2id.
import { describe, expect, it } from 'vitest';
import { toHex } from '#protocol/bytes/hex.ts';
import { ascii, fromUtf8 } from '#protocol/bytes/text.ts';
import { argon2id } from '#protocol/crypto/argon2.ts';
import { ProtocolError } from '#protocol/errors.ts';
import {
  COST_BOUNDS,
  deriveVaultKey,
  encodePassphrase,
  encodePassphrases,
  generatePassphrase,
  repairPassphrase,
  requireCost,
  VAULT_COST,
} from '#protocol/vault/passphrase.ts';

const code = (action: () => unknown): unknown => {
  try {
    return action();
  } catch (cause) {
    if (cause instanceof ProtocolError) return cause.code;
    throw cause;
  }
};

describe('Argon2id', () => {
  // The values are from src/test.c of the reference implementation (Argon2 version 13).
  it.each([
    [256, 2, 1, '9DFEB910E80BAD0311FEE20F9C0E2B12C17987B4CAC90C2EF54D5B3021C68BFE'],
    [256, 2, 2, '6D093C501FD5999645E0EA3BF620D7B8BE7FD2DB59C20D9FFF9539DA2BF57037'],
  ])('has the published value for %i KiB, %i passes and %i lanes', async (memoryKib, passes, lanes, expected) => {
    const key = await argon2id(ascii('password'), ascii('somesalt'), { memoryKib, passes, lanes });
    expect(toHex(key)).toBe(expected);
  });

  it('has the value of the reference command-line tool for the cost of a vault', async () => {
    const key = await argon2id(ascii('correct horse battery staple'), ascii('0123456789ABCDEF'), VAULT_COST);
    // Computed with: argon2 0123456789ABCDEF -id -t 3 -k 65536 -p 4 -l 32 -r
    expect(toHex(key)).toBe('A01BA759E20D615C3C7EF23A61C29E08FD9A85C94137FD7FA437F43A40B03955');
  }, 60_000);
});

describe('the cost', () => {
  it('of new vaults is within the bounds', () => {
    expect(() => requireCost(VAULT_COST)).not.toThrow();
  });

  it.each(['memoryKib', 'passes', 'lanes'] as const)('is refused if %s is below or above its bounds', (name) => {
    const { min, max } = COST_BOUNDS[name];
    expect(code(() => requireCost({ ...VAULT_COST, [name]: min }))).toBeUndefined();
    expect(code(() => requireCost({ ...VAULT_COST, [name]: max }))).toBeUndefined();
    for (const value of [min - 1, max + 1, 0, -1, min + 0.5, Number.NaN, 2 ** 40]) {
      expect(
        code(() => requireCost({ ...VAULT_COST, [name]: value })),
        String(value),
      ).toBe('vault-malformed');
    }
  });

  it('is refused before memory is allocated', async () => {
    let derived = false;
    const derive = async () => {
      derived = true;
      return new Uint8Array(32);
    };
    const cost = { ...VAULT_COST, memoryKib: 2 ** 24, salt: new Uint8Array(16) };
    await expect(deriveVaultKey('a passphrase', cost, derive)).rejects.toMatchObject({ code: 'vault-malformed' });
    expect(derived).toBe(false);
  });
});

describe('a passphrase', () => {
  it('has the same bytes whether its letters are composed or decomposed in Unicode', () => {
    expect(encodePassphrase('Zürich und Genève')).toEqual(encodePassphrase('Zu\u0308rich und Gene\u0300ve'));
    expect(encodePassphrase('\uFB01sch')).toEqual(encodePassphrase('fisch'));
  });

  it('of a custodian keeps case, blanks and dashes', () => {
    expect(encodePassphrase('correct horse')).not.toEqual(encodePassphrase('Correct horse'));
    expect(encodePassphrase('correct horse')).not.toEqual(encodePassphrase('correct-horse'));
  });

  it('that was generated may be typed in lower case, with blanks, and with O for 0 or L for 1', () => {
    const generated = generatePassphrase(Uint8Array.from({ length: 20 }, (_, i) => i * 13));
    expect(generated).toMatch(/^KV(-[0-9A-HJKMNP-TV-Z]{5}){4}$/);
    const normalised = encodePassphrase(generated);
    expect(encodePassphrase(generated.toLowerCase())).toEqual(normalised);
    expect(encodePassphrase(` ${generated.replaceAll('-', ' ')} `)).toEqual(normalised);
    expect(encodePassphrase(generated.replaceAll('0', 'o').replaceAll('1', 'l'))).toEqual(normalised);
    expect(fromUtf8(normalised)).toBe(generated.replaceAll('-', ''));
  });

  it('that was generated is read with the changes of a mail program or a spreadsheet', () => {
    const generated = generatePassphrase(Uint8Array.from({ length: 20 }, (_, i) => i * 13));
    const normalised = encodePassphrase(generated);
    for (const typed of [
      generated.replaceAll('-', '\u2011'),
      generated.replaceAll('-', '–'),
      `“${generated}”.`,
      `="${generated}"`,
      `\ufeff${generated}\r\n`,
      `> ${generated.slice(0, 9)}\n> ${generated.slice(9)}`,
      generated.split('').join('\u200b'),
      generated.replaceAll(/[!-~]/g, (each) => String.fromCharCode(each.charCodeAt(0) + 0xfee0)),
    ]) {
      expect(encodePassphrases(typed)[0], typed).toEqual(normalised);
    }
    expect(encodePassphrases(generated.toLowerCase())).toEqual([normalised]);
  });

  it('that was chosen is tried as typed, and then as a keyboard would write it', () => {
    const chosen = `correct horse's "battery"`;
    expect(encodePassphrases(chosen).map(fromUtf8)).toEqual([chosen]);
    for (const typed of [
      'correct horse’s “battery”',
      ` ${chosen}\n`,
      'correct\u00a0\u00a0horse\u2019s \u201cbattery\u201d\u200b',
    ]) {
      const [first, ...others] = encodePassphrases(typed).map(fromUtf8);
      expect(first).toBe(typed.normalize('NFKC'));
      expect(others).toEqual([chosen]);
      expect(repairPassphrase(typed)).toBe(chosen);
    }
    // A vault of an earlier version may have a chosen passphrase that only looks like a generated
    // one.
    const odd = `KV.${'0'.repeat(20)}`;
    expect(encodePassphrases(odd).map(fromUtf8)).toContain(odd);
    expect(encodePassphrases('\u200b').map(fromUtf8)).toEqual(['\u200b']);
  });

  it('has 100 random bits when it is generated', () => {
    expect(() => generatePassphrase(new Uint8Array(19))).toThrow(RangeError);
    const texts = new Set(
      Array.from({ length: 20 }, (_, place) => generatePassphrase(new Uint8Array(20).fill(31, place, place + 1))),
    );
    expect(texts.size).toBe(20);
  });

  it('that no vault can have is refused as wrong', () => {
    for (const typed of ['', 'x'.repeat(257), '\uD800 alone']) {
      expect(code(() => encodePassphrase(typed))).toBe('passphrase-wrong');
    }
  });

  it('is wiped after the derivation of the key, even if the derivation fails', async () => {
    const seen: Uint8Array[] = [];
    const fail = async (password: Uint8Array): Promise<never> => {
      seen.push(password);
      throw new RangeError('no memory');
    };
    const cost = { ...VAULT_COST, salt: new Uint8Array(16) };
    await expect(deriveVaultKey('a passphrase', cost, fail)).rejects.toThrow(RangeError);
    expect(seen).toEqual([new Uint8Array(12)]);
  });
});
