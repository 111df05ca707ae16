// Issues and revokes vaults at the service: roles, refusals, the content of a vault, and the CLI
// commands.
import { randomBytes } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addErasing, rotateSet } from '#as-service/sets/rotation.ts';
import { addSet } from '#as-service/sets/sets.ts';
import { fromHex, hexNumber } from '#protocol/bytes/hex.ts';
import { fromBase64url, toBase64url } from '#protocol/bytes/text.ts';
import { isSignedBy, signEd25519 } from '#protocol/crypto/ed25519.ts';
import { decodeData } from '#protocol/tkl/data.ts';
import type { VaultRevokedJson, VaultsJson } from '#protocol/vault/messages.ts';
import { openVaultSentence } from '#protocol/vault/policy.ts';
import { NEW_SET, ServiceSetup, spellings, TEST_SET, TEST_SN, TEST_T, TEST_TA } from '#test/support/as-service.ts';
import { runCommand } from '#test/support/service-cli.ts';
import { quickKey, SoftwareVault } from '#test/support/vault.ts';
import { OTHER_SN, VaultSetup } from '#test/support/vault-service.ts';

const SHARED_SET = 0x0000ba7d;
let setup: VaultSetup;

beforeAll(async () => {
  setup = await VaultSetup.open();
  await addSet(setup.as, 'test', { ...NEW_SET, set: SHARED_SET, profile: 'shared', transportKey: undefined });
});
afterAll(() => setup.close());

/** Runs a test with a separate setup, for tests that change the clock or the sets. */
async function withSetup(run: (other: VaultSetup) => Promise<void>): Promise<void> {
  const other = await VaultSetup.open();
  await run(other).finally(() => other.close());
}

const codeOf = (refusal: readonly [string, string]): string => refusal[0];

describe('a vault', () => {
  it('is issued to a custodian, opens with its passphrase and exports to its units', async () => {
    const answer = await setup.issue();
    expect(answer.vault).toMatchObject({ set: TEST_SET, ref1: [0x0103], units: 2, exports: 10, custodian: 'cora' });
    expect(answer.passphrase).toMatch(/^KV(-[0-9A-Z]{5}){4}$/);
    const vault = await setup.unlock(answer);
    expect(vault.secrets.deviceKeys).toHaveLength(2);
    expect(vault.secrets.transportKeys).toEqual([]);
    expect(vault.vault.header.set).toMatchObject({ set: TEST_SET, profile: 'diversified', keys: [{ ref1: 0x0103 }] });
    expect(await setup.load(vault, 1)).toBe(1);
    expect(await setup.load(vault, 1, { sn: OTHER_SN })).toBe(2);
  });

  it('contains K_D of its units and TA in sealed form, but not T', async () => {
    const answer = await setup.issue();
    const vault = await setup.unlock(answer);
    const unsealed = Buffer.from(vault.secrets.dataKey.buffer);
    const contains = (text: Buffer, secret: Uint8Array) =>
      spellings(secret).some((spelling) => text.includes(spelling));
    expect(contains(unsealed, TEST_TA)).toBe(true);
    expect(contains(unsealed, TEST_T)).toBe(false);
    for (const secret of [TEST_TA, TEST_T]) expect(contains(Buffer.from(answer.file), secret)).toBe(false);
  });

  it('has its own number, salt and keys', async () => {
    const [a, b] = await Promise.all([setup.issue(), setup.issue()]);
    expect(b.vault.asNumber).not.toBe(a.vault.asNumber);
    expect(a.passphrase).not.toBe(b.passphrase);
    const [one, other] = [await setup.unlock(a), await setup.unlock(b)];
    expect(one.vault.header.argon2id.salt).not.toBe(other.vault.header.argon2id.salt);
    expect(one.vault.dataPublicKey).not.toEqual(other.vault.dataPublicKey);
    expect(one.vault.journalPublicKey).not.toEqual(one.vault.dataPublicKey);
  });

  it('signs DATA with its certified key', async () => {
    const vault = await setup.unlock(await setup.issue());
    await setup.load(vault, undefined);
    const message = new Uint8Array([1, 2, 3]);
    expect(isSignedBy(vault.vault.dataPublicKey, message, signEd25519(vault.secrets.dataKey, message))).toBe(true);
    expect(decodeData(vault.exports[0]?.data ?? new Uint8Array()).header.asNumber).toBe(vault.asNumber);
  });

  it('refuses a unit that is not listed and an export beyond its quota', async () => {
    const vault = await setup.unlock(await setup.issue({ exports: 2, exportsPerUnit: 1 }));
    await expect(setup.load(vault, 1, { sn: TEST_SN.replace('7', '9') })).rejects.toMatchObject({
      code: 'unit-not-listed',
    });
    await setup.load(vault, 1);
    await expect(setup.load(vault, 2)).rejects.toMatchObject({ code: 'unit-quota-used' });
    await setup.load(vault, 1, { sn: OTHER_SN });
    const other = await setup.unlock(await setup.issue({ exports: 1 }));
    await setup.load(other, 1);
    await expect(setup.load(other, 1, { sn: OTHER_SN })).rejects.toMatchObject({ code: 'quota-used' });
  });

  it('refuses every export after its expiry', async () => {
    await withSetup(async (other) => {
      const late = await other.unlock(await other.issue({ days: 1 }));
      other.passDays(1);
      await expect(other.load(late, 1)).rejects.toMatchObject({ code: 'vault-expired' });
    });
  });

  it('is recorded in the audit log, without a secret', async () => {
    const { vault, passphrase } = await setup.issue();
    const [entry] = (await setup.events('vault-issued')).slice(-1);
    expect(entry).toMatchObject({ actor: 'cora', details: { vaultId: vault.vaultId, asNumber: vault.asNumber } });
    expect(JSON.stringify(entry)).not.toContain(passphrase);
  });
});

describe('a custodian', () => {
  it('issues vaults; every other role is refused', async () => {
    const administrator = await setup.addOperator('adam', 'administrator');
    for (const token of [setup.operator, setup.auditor, administrator]) {
      expect(codeOf(await setup.refusal({}, token))).toBe('not-allowed');
    }
    expect((await setup.call(undefined, '/v1/vaults', {})).status).toBe(401);
  });

  it('issues vaults for their sets only; any other set is refused like an unknown one', async () => {
    const other = await setup.addOperator('otto', 'custodian', { sets: [SHARED_SET] });
    const [ofOthers, missing] = [await setup.refusal({}, other), await setup.refusal({ set: 0x1234 }, other)];
    expect(codeOf(ofOthers)).toBe('set-unknown');
    const withoutName = ([code, detail]: typeof ofOthers, set: number) => [code, detail.replace(hexNumber(set), '')];
    expect(withoutName(ofOthers, TEST_SET)).toEqual(withoutName(missing, 0x1234));
  });

  it('sees the vaults of their sets, an auditor all vaults, an operator none', async () => {
    const all = await setup.json<VaultsJson>(setup.auditor, '/v1/vaults');
    expect(all.vaults.length).toBeGreaterThan(0);
    expect(all.vaults.map(({ asNumber }) => asNumber)).toEqual(all.vaults.map((_, i) => all.vaults.length - i));
    const other = await setup.addOperator('ottilie', 'custodian', { sets: [SHARED_SET] });
    expect(await setup.json<VaultsJson>(other, '/v1/vaults')).toEqual({ vaults: [] });
    expect(await setup.problem(setup.operator, '/v1/vaults')).toBe('not-allowed');
  });

  it('revokes a vault, and the log records the reason', async () => {
    const { vault } = await setup.issue();
    const path = `/v1/vaults/${vault.vaultId}/revoke`;
    expect(await setup.problem(setup.operator, path, { reason: 'lost' })).toBe('not-allowed');
    const revoked = await setup.json<VaultRevokedJson>(setup.custodian, path, { reason: 'lost' });
    expect(revoked.vault.revoked).toBe(setup.now.toISOString());
    expect(await setup.events('vault-revoked')).toMatchObject([{ actor: 'cora', details: { reason: 'lost' } }]);
    const unknown = `/v1/vaults/${toBase64url(randomBytes(16))}/revoke`;
    expect(await setup.problem(setup.custodian, unknown, { reason: 'lost' })).toBe('vault-unknown');
  });
});

describe('a request for a vault', () => {
  it.each([
    ['an unknown set', { set: 0x1234 }, 'set-unknown'],
    ['an unknown key', { ref1: [0x0103, 0x0999] }, 'key-unknown'],
    ['a unit twice', { units: [TEST_SN, TEST_SN] }, 'request-refused'],
    ['a serial number of all zeros', { units: ['0'.repeat(32)] }, 'request-refused'],
    ['no units', { units: [] }, 'request-refused'],
    ['no keys', { ref1: [] }, 'request-refused'],
    ['no exports', { exports: 0 }, 'request-refused'],
    ['more exports than a journal holds', { exports: 2001 }, 'request-refused'],
    ['more days than a year', { days: 367 }, 'request-refused'],
    ['an open vault without its sentence', { units: null }, 'request-refused'],
    ['an open vault with another sentence', { units: null, confirm: 'yes' }, 'request-refused'],
    ['the sentence of another set', { units: null, confirm: openVaultSentence(1) }, 'request-refused'],
    ['the sentence and units', { confirm: openVaultSentence(TEST_SET) }, 'request-refused'],
    ['a passphrase', { passphrase: 'correct horse battery staple' }, 'request-refused'],
  ])('for %s is refused', async (_what, change, code) => {
    const before = setup.as.vaults.visible({ actor: '', sets: null }).length;
    expect(codeOf(await setup.refusal(change))).toBe(code);
    expect(setup.as.vaults.visible({ actor: '', sets: null })).toHaveLength(before);
  });

  it('for a unit that is not on the list of its set is refused', async () => {
    await withSetup(async (other) => {
      await other.allow([TEST_SN]);
      expect(codeOf(await other.refusal({}))).toBe('unit-not-listed');
      expect((await other.issue({ units: [TEST_SN] })).vault.units).toBe(1);
    });
  });

  it('for an open vault is accepted with its sentence, and the vault contains T', async () => {
    const confirm = openVaultSentence(TEST_SET);
    const vault = await setup.unlock(await setup.issue({ units: null, confirm }));
    expect(vault.secrets.transportKeys).toEqual([{ tkv: 1, key: TEST_T }]);
    expect(vault.secrets.deviceKeys).toEqual([]);
    expect(vault.vault.header.units).toBeNull();
    await setup.load(vault, 1, { sn: TEST_SN.replace('7', 'A') });
    expect((await setup.events('vault-issued')).at(-1)?.details).toMatchObject({ confirmed: confirm });
  });
});

describe('a new T', () => {
  it('is in a vault as K_D, together with the old K_D for units that still use the old T', async () => {
    await withSetup(async (other) => {
      await addErasing(other.as, 'test', { set: TEST_SET, ref1: 0x0e00, label: 'Erase', slot: 2 });
      await rotateSet(other.as, 'test', { set: TEST_SET, ref1: 0x0f00, label: 'New T', transportKey: undefined });
      const vault = await other.unlock(await other.issue({ ref1: [0x0103, 0x0e00, 0x0f00] }));
      expect(vault.secrets.applicationKeys.map(({ ref1 }) => ref1)).toEqual([0x0103]);
      const versions = vault.secrets.deviceKeys.filter(({ sn }) =>
        Buffer.from(sn).equals(Buffer.from(fromHex(TEST_SN))),
      );
      expect(versions.map(({ tkv }) => tkv)).toEqual([1, 2]);
      expect(vault.vault.header.set.keys.map(({ akv, slot }) => [akv, slot])).toEqual([
        [1, 2],
        [3, 2],
        [2, 0xfffe],
      ]);
      await other.load(vault, 1);
    });
  });

  it('of a shared set is only in open vaults', async () => {
    await rotateSet(setup.as, 'test', { set: SHARED_SET, ref1: 1, label: 'New T', transportKey: undefined });
    const request = { set: SHARED_SET, ref1: [1] };
    expect(codeOf(await setup.refusal(request))).toBe('not-allowed');
    const confirm = openVaultSentence(SHARED_SET);
    const vault = await setup.unlock(await setup.issue({ ...request, units: null, confirm }));
    expect(vault.secrets.transportKeys.map(({ tkv }) => tkv)).toEqual([1, 2]);
  });
});

describe('the command line', () => {
  const run = (...args: string[]) => runCommand(setup.as, ...args);

  it('writes a vault to a new file of mode 0600, shows the passphrase once, and reconciles the journal', async () => {
    const path = setup.path('a.kfvault');
    const options = ['--ref1', '0103', '--unit', TEST_SN, '--exports', '3', '--days', '2'];
    const lines = await run('vault', 'issue', 'BA7C', path, ...options);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const file = await readFile(path, 'utf8');
    const [, passphrase = ''] = lines;
    const vault = await setup.unlock({ file, passphrase });
    expect(vault.vault.header).toMatchObject({ custodian: 'cli test', quota: { exports: 3, perUnit: null } });
    await expect(run('vault', 'issue', 'BA7C', path, ...options)).rejects.toThrow('already exists');

    await setup.load(vault, 1);
    const journal = setup.path('a.journal');
    await writeFile(journal, JSON.stringify(await vault.returnJournal()));
    const verdicts = setup.path('a.verdicts');
    const report = await run('vault', 'reconcile', journal, '--verdicts', verdicts);
    expect(report.join('\n')).toContain('1 export and 1 receipt; verified receipts: 1.');
    expect(JSON.parse(await readFile(verdicts, 'utf8'))).toHaveLength(1);
    expect((await run('vault', 'list')).join('\n')).toContain('1 of 3 exports and 1 receipt seen');

    const number = vault.asNumber.toString(16);
    expect((await run('vault', 'revoke', number, 'job is done')).join('\n')).toContain('revoked');
    await expect(run('vault', 'revoke', 'FFFF', 'none')).rejects.toThrow('There is no vault FFFF');
    await writeFile(journal, '{}');
    await expect(run('vault', 'reconcile', journal)).rejects.toThrow('does not contain a vault journal');
  });

  it('reads a passphrase of at least 15 characters from a file, and does not show it', async () => {
    const passphrases = setup.path('passphrase');
    const options = ['--ref1', '0103', '--unit', '7', '--exports', '1', '--passphrase-file', passphrases];
    const issue = (name: string) => run('vault', 'issue', 'BA7C', setup.path(name), ...options);
    await writeFile(passphrases, 'too short\n');
    await expect(issue('b')).rejects.toThrow('A passphrase has 15 to 256 characters, not 9.');
    await writeFile(passphrases, 'zwölf Boxkämpfer jagen\n');
    expect((await issue('c')).join('\n')).not.toContain('Boxkämpfer');
    const root = fromBase64url(setup.as.signatures.trust.root);
    const text = await readFile(setup.path('c'), 'utf8');
    const opened = await SoftwareVault.open(text, 'zwo\u0308lf Boxka\u0308mpfer jagen', root, { derive: quickKey });
    expect(opened.vault.header.units).toEqual([`${'0'.repeat(31)}7`]);
  });

  it('refuses to issue a vault without a mandatory option, and names the option', async () => {
    const path = setup.path('d');
    await expect(run('vault', 'issue', 'BA7C', path, '--exports', '1', '--unit', '7')).rejects.toThrow('--ref1');
    await expect(run('vault', 'issue', 'BA7C', path, '--exports', '1', '--ref1', '103')).rejects.toThrow(
      openVaultSentence(TEST_SET),
    );
    await expect(run('vault', 'issue', 'BA7C', path, '--ref1', '103', '--unit', '7')).rejects.toThrow('--exports');
  });
});

describe('a vault of a service without test settings', () => {
  it('is sealed under Argon2id', async () => {
    const service = await ServiceSetup.open();
    try {
      await addErasing(service.as, 'test', { set: TEST_SET, ref1: 1, label: 'Erase', slot: 2 });
      const request = { set: TEST_SET, ref1: [1], units: [TEST_SN], exports: 1, exportsPerUnit: null, days: 1 };
      const { text, passphrase } = await service.as.vaults.issue(request, { actor: 'test', sets: null });
      const root = fromBase64url(service.as.signatures.trust.root);
      const vault = await SoftwareVault.open(text, passphrase.toLowerCase(), root);
      expect(vault.vault.header.argon2id).toMatchObject({ memoryKib: 65_536, passes: 3, lanes: 4 });
      expect(vault.secrets.deviceKeys).toHaveLength(1);
    } finally {
      await service.close();
    }
  }, 60_000);
});
