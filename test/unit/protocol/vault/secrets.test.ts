// The sealed part of a vault: which key belongs to which unit, and what is refused before a key is
// sealed or opened.
import { describe, expect, it } from 'vitest';
import { type Bytes, copy } from '#protocol/bytes/bytes.ts';
import { encodeVaultSecrets, findDeviceKey, openVaultSecrets, sealVaultSecrets } from '#protocol/vault/secrets.ts';

const filled = (length: number, value: number): Bytes => new Uint8Array(length).fill(value);
const one = { tkv: 1, sn: filled(16, 1), key: filled(32, 0xa1) };
const newer = { ...one, tkv: 2, key: filled(32, 0xa2) };
const other = { ...one, sn: filled(16, 2), key: filled(32, 0xa3) };
const secrets = {
  ...{ dataKey: filled(32, 1), journalKey: filled(32, 2) },
  applicationKeys: [{ ref1: 1, key: filled(16, 3) }],
  deviceKeys: [one, newer, other],
  transportKeys: [{ tkv: 1, key: filled(32, 4) }],
};
const name = { vaultId: filled(16, 9), asNumber: 7 };

describe('the secrets of a vault', () => {
  it('have one K_D for each unit and TKV', () => {
    expect(findDeviceKey(secrets, { tkv: 1, sn: copy(one.sn) })).toBe(one);
    expect(findDeviceKey(secrets, { tkv: 2, sn: one.sn })).toBe(newer);
    expect(findDeviceKey(secrets, { tkv: 1, sn: other.sn })).toBe(other);
    expect(findDeviceKey(secrets, { tkv: 2, sn: other.sn })).toBeUndefined();
    expect(findDeviceKey(secrets, { tkv: 1, sn: filled(16, 3) })).toBeUndefined();
  });

  it('are refused by name when a key or number has a wrong length', () => {
    const short = filled(31, 0);
    for (const [wrong, change] of Object.entries({
      dataKey: { dataKey: short },
      journalKey: { journalKey: short },
      'application key': { applicationKeys: [{ ref1: 1, key: short }] },
      sn: { deviceKeys: [{ ...one, sn: filled(15, 1) }] },
      'device key': { deviceKeys: [{ ...one, key: short }] },
      'transport key': { transportKeys: [{ tkv: 1, key: short }] },
    })) {
      expect(() => encodeVaultSecrets({ ...secrets, ...change })).toThrow(new RegExp(`^${wrong} has \\d+ bytes`));
    }
    expect(() => sealVaultSecrets(secrets, { ...name, vaultId: short }, filled(32, 5))).toThrow(/^vaultId has 31/);
  });

  it('are not reported as a wrong passphrase when the key has a wrong length', () => {
    const sealed = sealVaultSecrets(secrets, name, filled(32, 5));
    expect(openVaultSecrets(sealed, name, filled(32, 5))).toEqual(secrets);
    expect(() => openVaultSecrets(sealed, name, filled(31, 5))).toThrow(RangeError);
  });
});
