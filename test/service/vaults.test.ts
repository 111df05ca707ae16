// Vaults as the service gives them out: who may ask, for what, what is in them, and what the service remembers of them.
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCommandLine } from '#as-service/cli/command-line.ts';
import { type AdminRequest, runAdminRequest } from '#as-service/cli/admin-requests.ts';
import { addErasing, rotateSet } from '#as-service/sets/rotation.ts';
import { addSet } from '#as-service/sets/sets.ts';
import { fromHex, hexNumber } from '#protocol/bytes/hex.ts';
import { fromBase64url, toBase64url } from '#protocol/bytes/text.ts';
import { isSignedBy, signEd25519 } from '#protocol/crypto/ed25519.ts';
import type { VaultsJson } from '#protocol/service/vaults.ts';
import { decodeData } from '#protocol/tkl/data.ts';
import { openVaultSentence } from '#protocol/vault/policy.ts';
import {
  addTestOperator,
  call,
  callJson,
  NEW_SET,
  openTestAs,
  spellings,
  TEST_SET,
  TEST_SN,
  TEST_T,
  TEST_TA,
  temporaryFolder,
} from '#test/support/as-service.ts';
import { quickKey, SoftwareVault } from '#test/support/vault.ts';
import { OTHER_SN, VaultBench } from '#test/support/vault-service.ts';

const SHARED_SET = 0x0000ba7d;
let bench: VaultBench;

beforeAll(async () => {
  bench = await VaultBench.open();
  await addSet(bench.as, 'test', { ...NEW_SET, set: SHARED_SET, profile: 'shared', transportKey: undefined });
});
afterAll(() => bench.close());

const codeOf = (problem: { readonly type?: string }): string => problem.type?.split(':').at(-1) ?? 'none';

describe('a vault', () => {
  it('is given to a custodian, opens with its passphrase and loads its units', async () => {
    const answer = await bench.issue();
    expect(answer.vault).toMatchObject({ set: TEST_SET, ref1: [0x0103], units: 2, exports: 10, custodian: 'cora' });
    expect(answer.passphrase).toMatch(/^KV(-[0-9A-Z]{5}){4}$/);
    const vault = await bench.take(answer);
    expect(vault.secrets.deviceKeys).toHaveLength(2);
    expect(vault.secrets.transportKeys).toEqual([]);
    expect(vault.vault.header.set).toMatchObject({ set: TEST_SET, profile: 'diversified', keys: [{ ref1: 0x0103 }] });
    expect(await bench.load(vault, 1)).toBe(1);
    expect(await bench.load(vault, 1, { sn: OTHER_SN })).toBe(2);
  });

  it('holds K_D of its units and TA, and T neither open nor sealed', async () => {
    const answer = await bench.issue();
    const vault = await bench.take(answer);
    const inside = Buffer.from(vault.secrets.dataKey.buffer);
    const contains = (text: Buffer, secret: Uint8Array) =>
      spellings(secret).some((spelling) => text.includes(spelling));
    expect(contains(inside, TEST_TA)).toBe(true);
    expect(contains(inside, TEST_T)).toBe(false);
    for (const secret of [TEST_TA, TEST_T]) expect(contains(Buffer.from(answer.file), secret)).toBe(false);
  });

  it('has a number, a salt and keys of its own', async () => {
    const [a, b] = await Promise.all([bench.issue(), bench.issue()]);
    expect(b.vault.asNumber).not.toBe(a.vault.asNumber);
    expect(a.passphrase).not.toBe(b.passphrase);
    const [one, other] = [await bench.take(a), await bench.take(b)];
    expect(one.vault.header.argon2id.salt).not.toBe(other.vault.header.argon2id.salt);
    expect(one.vault.dataPublicKey).not.toEqual(other.vault.dataPublicKey);
    expect(one.vault.journalPublicKey).not.toEqual(one.vault.dataPublicKey);
  });

  it('signs DATA with the key that its certificate names', async () => {
    const vault = await bench.take(await bench.issue());
    await bench.load(vault, undefined);
    const message = new Uint8Array([1, 2, 3]);
    expect(isSignedBy(vault.vault.dataPublicKey, message, signEd25519(vault.secrets.dataKey, message))).toBe(true);
    expect(decodeData(vault.exports[0]?.data ?? new Uint8Array()).header.asNumber).toBe(vault.asNumber);
  });

  it('refuses the unit that is not listed and the export beyond its quota', async () => {
    const vault = await bench.take(await bench.issue({ exports: 2, exportsPerUnit: 1 }));
    await expect(bench.load(vault, 1, { sn: TEST_SN.replace('7', '9') })).rejects.toMatchObject({
      code: 'unit-not-listed',
    });
    await bench.load(vault, 1);
    await expect(bench.load(vault, 2)).rejects.toMatchObject({ code: 'unit-quota-used' });
    await bench.load(vault, 1, { sn: OTHER_SN });
    const other = await bench.take(await bench.issue({ exports: 1 }));
    await bench.load(other, 1);
    await expect(bench.load(other, 1, { sn: OTHER_SN })).rejects.toMatchObject({ code: 'quota-used' });
  });

  it('refuses every export after its time', async () => {
    const other = await VaultBench.open();
    try {
      const late = await other.take(await other.issue({ days: 1 }));
      other.passDays(1);
      await expect(other.load(late, 1)).rejects.toMatchObject({ code: 'vault-expired' });
    } finally {
      await other.close();
    }
  });

  it('is issued in the audit log, without a secret', async () => {
    const { vault, passphrase } = await bench.issue();
    const [entry] = (await bench.events('vault-issued')).slice(-1);
    expect(entry).toMatchObject({ actor: 'cora', details: { vaultId: vault.vaultId, asNumber: vault.asNumber } });
    expect(JSON.stringify(entry)).not.toContain(passphrase);
  });
});

describe('a custodian alone', () => {
  it('has a vault issued; every other role is refused', async () => {
    const administrator = await addTestOperator(bench.as, 'adam', 'administrator');
    for (const token of [bench.operator, bench.auditor, administrator]) {
      expect(codeOf(await bench.refusal({}, token))).toBe('not-allowed');
    }
    expect((await call(bench.app, undefined, '/v1/vaults', {})).status).toBe(401);
  });

  it('has one issued only for sets that are theirs; another set is refused as one that is not there', async () => {
    const other = await addTestOperator(bench.as, 'otto', 'custodian', { sets: [SHARED_SET] });
    const [theirs, nobodys] = [await bench.refusal({}, other), await bench.refusal({ set: 0x1234 }, other)];
    expect(codeOf(theirs)).toBe('set-unknown');
    const withoutName = ({ detail, ...problem }: typeof theirs, set: number): object => ({
      ...problem,
      detail: detail.replace(hexNumber(set), ''),
    });
    expect(withoutName(theirs, TEST_SET)).toEqual(withoutName(nobodys, 0x1234));
  });

  it('sees the vaults of their sets, an auditor all, an operator none', async () => {
    const all = await callJson<VaultsJson>(bench.app, bench.auditor, '/v1/vaults');
    expect(all.vaults.length).toBeGreaterThan(0);
    expect(all.vaults.map(({ asNumber }) => asNumber)).toEqual(all.vaults.map((_, i) => all.vaults.length - i));
    const other = await addTestOperator(bench.as, 'ottilie', 'custodian', { sets: [SHARED_SET] });
    expect(await callJson<VaultsJson>(bench.app, other, '/v1/vaults')).toEqual({ vaults: [] });
    expect(codeOf(await callJson(bench.app, bench.operator, '/v1/vaults'))).toBe('not-allowed');
  });

  it('revokes one, with a reason in the log', async () => {
    const { vault } = await bench.issue();
    const path = `/v1/vaults/${vault.vaultId}/revoke`;
    expect(codeOf(await callJson(bench.app, bench.operator, path, { reason: 'lost' }))).toBe('not-allowed');
    const revoked = await callJson<{ vault: { revoked: string } }>(bench.app, bench.custodian, path, {
      reason: 'lost',
    });
    expect(revoked.vault.revoked).toBe(bench.now.toISOString());
    expect(await bench.events('vault-revoked')).toMatchObject([{ actor: 'cora', details: { reason: 'lost' } }]);
    const unknown = `/v1/vaults/${toBase64url(randomBytes(16))}/revoke`;
    expect(codeOf(await callJson(bench.app, bench.custodian, unknown, { reason: 'lost' }))).toBe('vault-unknown');
  });
});

describe('a request for a vault', () => {
  it.each([
    ['another set', { set: 0x1234 }, 'set-unknown'],
    ['a key that is not there', { ref1: [0x0103, 0x0999] }, 'key-unknown'],
    ['a unit twice', { units: [TEST_SN, TEST_SN] }, 'request-refused'],
    ['a serial number of zeros', { units: ['0'.repeat(32)] }, 'request-refused'],
    ['no units', { units: [] }, 'request-refused'],
    ['no keys', { ref1: [] }, 'request-refused'],
    ['no exports', { exports: 0 }, 'request-refused'],
    ['more exports than a journal holds', { exports: 2001 }, 'request-refused'],
    ['more days than a year', { days: 367 }, 'request-refused'],
    ['an open vault without its sentence', { units: null }, 'request-refused'],
    ['an open vault in other words', { units: null, confirm: 'yes' }, 'request-refused'],
    ['the sentence of another set', { units: null, confirm: openVaultSentence(1) }, 'request-refused'],
    ['the sentence and units', { confirm: openVaultSentence(TEST_SET) }, 'request-refused'],
    ['a passphrase', { passphrase: 'correct horse battery staple' }, 'request-refused'],
  ])('for %s is refused', async (_what, change, code) => {
    const before = bench.as.vaults.visible({ actor: '', sets: null }).length;
    expect(codeOf(await bench.refusal(change))).toBe(code);
    expect(bench.as.vaults.visible({ actor: '', sets: null })).toHaveLength(before);
  });

  it('for a unit that the set does not list is refused', async () => {
    const other = await VaultBench.open();
    try {
      await other.allow([TEST_SN]);
      expect(codeOf(await other.refusal({}))).toBe('unit-not-listed');
      expect((await other.issue({ units: [TEST_SN] })).vault.units).toBe(1);
    } finally {
      await other.close();
    }
  });

  it('for an open vault is granted in words, and holds T', async () => {
    const confirm = openVaultSentence(TEST_SET);
    const vault = await bench.take(await bench.issue({ units: null, confirm }));
    expect(vault.secrets.transportKeys).toEqual([{ tkv: 1, key: TEST_T }]);
    expect(vault.secrets.deviceKeys).toEqual([]);
    expect(vault.vault.header.units).toBeNull();
    await bench.load(vault, 1, { sn: TEST_SN.replace('7', 'A') });
    expect((await bench.events('vault-issued')).at(-1)?.details).toMatchObject({ confirmed: confirm });
  });
});

describe('docs/protocol.md clause 8', () => {
  it('works from a vault: it holds K_D under the new T, and serves units under the old one', async () => {
    const other = await VaultBench.open();
    try {
      await addErasing(other.as, 'test', { set: TEST_SET, ref1: 0x0e00, label: 'Erase', slot: 2 });
      await rotateSet(other.as, 'test', { set: TEST_SET, ref1: 0x0f00, label: 'New T', transportKey: undefined });
      const vault = await other.take(await other.issue({ ref1: [0x0103, 0x0e00, 0x0f00] }));
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
    } finally {
      await other.close();
    }
  });

  it('lets T of a shared set into an open vault only', async () => {
    await rotateSet(bench.as, 'test', { set: SHARED_SET, ref1: 1, label: 'New T', transportKey: undefined });
    const request = { set: SHARED_SET, ref1: [1] };
    expect(codeOf(await bench.refusal(request))).toBe('not-allowed');
    const confirm = openVaultSentence(SHARED_SET);
    const vault = await bench.take(await bench.issue({ ...request, units: null, confirm }));
    expect(vault.secrets.transportKeys.map(({ tkv }) => tkv)).toEqual([1, 2]);
  });
});

describe('the command line', () => {
  const run = async (...args: string[]) => {
    const line = readCommandLine(args);
    if (line === 'help') throw new TypeError('these are commands');
    return runAdminRequest(bench.as, 'cli test', line.request as AdminRequest);
  };
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kf-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('writes a vault to a new file that only its owner reads, shows the passphrase once, and takes the journal back', async () => {
    const path = join(folder, 'a.kfvault');
    const options = ['--ref1', '0103', '--unit', TEST_SN, '--exports', '3', '--days', '2'];
    const lines = await run('vault', 'issue', 'BA7C', path, ...options);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const file = await readFile(path, 'utf8');
    const [, passphrase = ''] = lines;
    const vault = await bench.take({ file, passphrase } as Parameters<VaultBench['take']>[0]);
    expect(vault.vault.header).toMatchObject({ custodian: 'cli test', quota: { exports: 3, perUnit: null } });
    await expect(run('vault', 'issue', 'BA7C', path, ...options)).rejects.toThrow('exists already');

    await bench.load(vault, 1);
    const journal = join(folder, 'a.journal');
    await writeFile(journal, JSON.stringify(await vault.returnJournal()));
    const verdicts = join(folder, 'a.verdicts');
    const report = await run('vault', 'reconcile', journal, '--verdicts', verdicts);
    expect(report.join('\n')).toContain('1 exports and 1 receipts; 1 of these are verified');
    expect(JSON.parse(await readFile(verdicts, 'utf8'))).toHaveLength(1);
    expect((await run('vault', 'list')).join('\n')).toContain('1 of 3 exports and 1 receipts seen');

    const number = vault.asNumber.toString(16);
    expect((await run('vault', 'revoke', number, 'job is done')).join('\n')).toContain('revoked');
    await expect(run('vault', 'revoke', 'FFFF', 'none')).rejects.toThrow('There is no vault FFFF');
    await writeFile(journal, '{}');
    await expect(run('vault', 'reconcile', journal)).rejects.toThrow('holds no journal');
  });

  it('takes a passphrase from a file, of 15 characters or more, and does not show it', async () => {
    const passphrases = join(folder, 'passphrase');
    const issue = (path: string) =>
      run(
        'vault',
        'issue',
        'BA7C',
        join(folder, path),
        '--ref1',
        '0103',
        '--unit',
        '7',
        '--exports',
        '1',
        '--passphrase-file',
        passphrases,
      );
    await writeFile(passphrases, 'too short\n');
    await expect(issue('b')).rejects.toThrow('at least 15 characters');
    await writeFile(passphrases, 'zwölf Boxkämpfer jagen\n');
    expect((await issue('c')).join('\n')).not.toContain('Boxkämpfer');
    const root = fromBase64url(bench.as.signatures.trust.root);
    const text = await readFile(join(folder, 'c'), 'utf8');
    const opened = await SoftwareVault.open(text, 'zwo\u0308lf Boxka\u0308mpfer jagen', root, {
      derive: quickKey,
    });
    expect(opened.vault.header.units).toEqual([`${'0'.repeat(31)}7`]);
  });

  it('says in words what a vault needs', async () => {
    const path = join(folder, 'd');
    await expect(run('vault', 'issue', 'BA7C', path, '--exports', '1', '--unit', '7')).rejects.toThrow('--ref1');
    await expect(run('vault', 'issue', 'BA7C', path, '--exports', '1', '--ref1', '103')).rejects.toThrow(
      openVaultSentence(TEST_SET),
    );
    await expect(run('vault', 'issue', 'BA7C', path, '--ref1', '103', '--unit', '7')).rejects.toThrow('--exports');
  });
});

describe('a vault of a real service', () => {
  it('is sealed under Argon2id', async () => {
    const folder = await temporaryFolder();
    const as = await openTestAs(folder.path);
    try {
      await addSet(as, 'test', NEW_SET);
      await addErasing(as, 'test', { set: TEST_SET, ref1: 1, label: 'Erase', slot: 2 });
      const order = { set: TEST_SET, ref1: [1], units: [TEST_SN], exports: 1, exportsPerUnit: null, days: 1 };
      const { text, passphrase } = await as.vaults.issue(order, { actor: 'test', sets: null });
      const root = fromBase64url(as.signatures.trust.root);
      const vault = await SoftwareVault.open(text, passphrase.toLowerCase(), root);
      expect(vault.vault.header.argon2id).toMatchObject({ memoryKib: 65_536, passes: 3, lanes: 4 });
      expect(vault.secrets.deviceKeys).toHaveLength(1);
    } finally {
      await as.close();
      await folder.remove();
    }
  }, 60_000);
});
