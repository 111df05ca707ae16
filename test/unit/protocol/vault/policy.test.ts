// The rules that a vault checks before an export: validity, units and quotas, each at its limit.
import { beforeAll, describe, expect, it } from 'vitest';
import { fromHex } from '#protocol/bytes/hex.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type { VaultHeaderJson } from '#protocol/vault/header.ts';
import { openVaultSentence, requireQuota, requireServed, requireValid } from '#protocol/vault/policy.ts';
import { createTestVault, quickKey } from '#test/support/vault.ts';

const SN = '00000000000000004549000000000007';
let header: VaultHeaderJson;

beforeAll(async () => {
  const vault = await createTestVault({
    set: 0xba7c,
    transportKeys: [{ tkv: 1, key: new Uint8Array(32).fill(1) }],
    keys: [{ ref1: 1, akv: 1, key: new Uint8Array(16).fill(2) }],
    units: [SN],
    quota: { exports: 3, perUnit: 2 },
    notBefore: '2026-11-23T12:00:00.000Z',
    expires: '2026-11-24T12:00:00.000Z',
    derive: quickKey,
  });
  header = vault.header;
});

const codeOf = (action: () => void): string => {
  try {
    action();
    return 'none';
  } catch (cause) {
    if (cause instanceof ProtocolError) return cause.code;
    throw cause;
  }
};

describe('a vault', () => {
  it.each([
    ['2026-11-23T11:59:59.999Z', 'vault-early'],
    ['2026-11-23T12:00:00.000Z', 'none'],
    ['2026-11-24T11:59:59.999Z', 'none'],
    ['2026-11-24T12:00:00.000Z', 'vault-expired'],
  ])('is checked at %s with the result %s', (time, code) => {
    expect(codeOf(() => requireValid(header, Date.parse(time)))).toBe(code);
  });

  it('serves its units, and an open vault every unit of its set', () => {
    const unit = (sn: string, set = 0xba7c) => ({ unit: { set, tkv: 1, sn: fromHex(sn) } });
    expect(codeOf(() => requireServed(header, unit(SN)))).toBe('none');
    expect(codeOf(() => requireServed(header, unit(SN.replace('7', '8'))))).toBe('unit-not-listed');
    expect(codeOf(() => requireServed(header, unit(SN, 1)))).toBe('not-allowed');
    const open = { ...header, units: null };
    expect(codeOf(() => requireServed(open, unit(SN.replace('7', '8'))))).toBe('none');
    expect(codeOf(() => requireServed(open, unit(SN, 1)))).toBe('not-allowed');
  });

  it('exports up to its quotas, in all and per unit', () => {
    expect(codeOf(() => requireQuota(header, { exports: 2, ofUnit: 1 }))).toBe('none');
    expect(codeOf(() => requireQuota(header, { exports: 3, ofUnit: 0 }))).toBe('quota-used');
    expect(codeOf(() => requireQuota(header, { exports: 2, ofUnit: 2 }))).toBe('unit-quota-used');
    const free = { ...header, quota: { exports: 3, perUnit: null } };
    expect(codeOf(() => requireQuota(free, { exports: 2, ofUnit: 2 }))).toBe('none');
  });

  it('is requested as an open vault with a sentence that names the set', () => {
    expect(openVaultSentence(0xba7c)).toContain('T of set 0000BA7C');
    expect(openVaultSentence(0xba7c)).not.toBe(openVaultSentence(0xba7d));
  });
});
