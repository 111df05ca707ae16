// Properties of a vault: the signature covers every bit of the vault file, the sealed part has only
// one encoding, and the vault journal is a hash chain.
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Bytes, concat, copy } from '#protocol/bytes/bytes.ts';
import { toBase64url } from '#protocol/bytes/text.ts';
import { ProtocolError } from '#protocol/errors.ts';
import { encodeHeader } from '#protocol/tkl/header.ts';
import { decodeVaultFile, verifyVaultFile } from '#protocol/vault/file.ts';
import {
  decodeVaultJournal,
  encodeVaultJournal,
  findChainBreaks,
  nextVaultEntry,
  type VaultEntryJson,
  type VaultEventJson,
} from '#protocol/vault/journal.ts';
import {
  decodeVaultSecrets,
  encodeVaultSecrets,
  openVaultSecrets,
  sealVaultSecrets,
  type VaultSecrets,
} from '#protocol/vault/secrets.ts';
import { createTestVault, quickKey, type TestVault, verifyEd25519 } from '#test/support/vault.ts';

const bytesOf = (length: number): fc.Arbitrary<Bytes> =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => copy(bytes));
const tkv = fc.integer({ min: 1, max: 0xff });

const secrets: fc.Arbitrary<VaultSecrets> = fc.record({
  dataKey: bytesOf(32),
  journalKey: bytesOf(32),
  applicationKeys: fc.array(
    fc.record({ ref1: fc.nat(0xffff), key: fc.constantFrom(16, 24, 32).chain((length) => bytesOf(length)) }),
    { maxLength: 4 },
  ),
  deviceKeys: fc.array(fc.record({ tkv, sn: bytesOf(16), key: bytesOf(32) }), { maxLength: 4 }),
  transportKeys: fc.array(fc.record({ tkv, key: bytesOf(32) }), { maxLength: 3 }),
});

const codeOf = async (action: () => unknown): Promise<string> => {
  try {
    await action();
    return 'none';
  } catch (cause) {
    if (cause instanceof ProtocolError) return cause.code;
    throw cause;
  }
};

describe('every bit of a vault file', () => {
  let vault: TestVault;

  beforeAll(async () => {
    vault = await createTestVault({
      set: 0xba7c,
      transportKeys: [{ tkv: 1, key: new Uint8Array(32).fill(1) }],
      keys: [{ ref1: 1, akv: 1, key: new Uint8Array(16).fill(2) }],
      units: ['00000000000000004549000000000007'],
      derive: quickKey,
    });
  });

  const open = (text: string) => verifyVaultFile(decodeVaultFile(text), [vault.root], verifyEd25519);

  it('is signed: a file with one flipped bit is refused before a passphrase is used', async () => {
    expect(await codeOf(() => open(vault.text))).toBe('none');
    // The line feed at the end is not signed: programs may change it.
    const text = Buffer.from(vault.text.trimEnd());
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length - 1), fc.nat(7), async (place, bit) => {
        const changed = Buffer.from(text);
        changed[place] = (changed[place] ?? 0) ^ (1 << bit);
        const code = await codeOf(() => open(changed.toString('utf8')));
        seen.add(code);
        // A file without its last bracket is refused as incomplete.
        expect(['vault-malformed', 'vault-changed', 'vault-untrusted', 'file-refused']).toContain(code);
      }),
      { numRuns: 400 },
    );
    expect(seen.has('vault-malformed') && seen.has('vault-changed')).toBe(true);
  });

  it.each([
    ['header', 'payload', 'vault-changed'],
    ['header', 'sig', 'vault-changed'],
    ['header', 'keyid', 'vault-changed'],
    ['certificate', 'payload', 'vault-changed'],
    ['certificate', 'sig', 'vault-changed'],
    ['certificate', 'keyid', 'vault-untrusted'],
  ])('is signed: a changed %s.%s is refused with %s', async (part, member, code) => {
    const start = vault.text.indexOf(`"${member}":"`, vault.text.indexOf(`"${part}":`)) + member.length + 4;
    const end = vault.text.indexOf('"', start);
    for (let place = start; place < end - 1; place += Math.max(1, Math.floor((end - start) / 24))) {
      const other = vault.text[place] === 'A' ? 'B' : 'A';
      const changed = vault.text.slice(0, place) + other + vault.text.slice(place + 1);
      expect(await codeOf(() => open(changed)), `${part}.${member} at ${place - start}`).toBe(code);
    }
  });

  it('is signed: a changed sealed part is refused with vault-changed', async () => {
    const start = vault.text.lastIndexOf('"sealed":"') + 10;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: start, max: vault.text.length - 6 }), async (place) => {
        const other = vault.text[place] === 'A' ? 'B' : 'A';
        const changed = vault.text.slice(0, place) + other + vault.text.slice(place + 1);
        expect(await codeOf(() => open(changed))).toBe('vault-changed');
      }),
      { numRuns: 60 },
    );
  });
});

describe('the sealed part', () => {
  const name = { vaultId: new Uint8Array(16).fill(3), asNumber: 7 };

  it('is the same after encoding and decoding', () => {
    fc.assert(
      fc.property(secrets, bytesOf(32), (given, key) => {
        expect(decodeVaultSecrets(encodeVaultSecrets(given))).toEqual(given);
        expect(openVaultSecrets(sealVaultSecrets(given, name, key), name, key)).toEqual(given);
      }),
    );
  });

  it('is refused when it is truncated or extended', () => {
    fc.assert(
      fc.property(secrets, fc.nat(), (given, cut) => {
        const whole = encodeVaultSecrets(given);
        const malformed = expect.objectContaining({ code: 'vault-malformed' });
        expect(() => decodeVaultSecrets(whole.slice(0, cut % whole.length))).toThrow(malformed);
        expect(() => decodeVaultSecrets(concat(whole, 0))).toThrow(malformed);
      }),
    );
  });

  it('has only one encoding: decoding and encoding returns the same bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (given) => {
        let decoded: VaultSecrets | undefined;
        try {
          decoded = decodeVaultSecrets(copy(given));
        } catch (cause) {
          expect(cause).toMatchObject({ code: 'vault-malformed' });
        }
        if (decoded !== undefined) expect(encodeVaultSecrets(decoded)).toEqual(copy(given));
      }),
    );
  });
});

describe('the journal', () => {
  const headerHash = new Uint8Array(32).fill(9);
  const receipt = toBase64url(new Uint8Array(64).fill(4));
  const exported = (xc: number): VaultEventJson => {
    const header = encodeHeader({
      suite: 1,
      signed: false,
      tkv: 1,
      asNumber: 7,
      set: 1,
      ref1: 1,
      slot: 1,
      akv: 1,
      xc,
      sn: new Uint8Array(16).fill(5),
      attributes: 'D0AB00N',
    });
    const random = toBase64url(new Uint8Array(16).fill(xc & 0xff));
    const dataHash = toBase64url(new Uint8Array(32).fill(xc & 0xff));
    return { kind: 'export', header: toBase64url(header), random, dataHash, idempotencyKey: random, workOrder: 'Ü 1' };
  };
  const events = fc.array(fc.constantFrom('unlocked', 'export', 'receipt', 'locked'), { minLength: 1, maxLength: 12 });

  function write(kinds: readonly string[]): VaultEntryJson[] {
    const entries: VaultEntryJson[] = [];
    let xc = 0;
    for (const kind of kinds) {
      const event: VaultEventJson =
        kind === 'export'
          ? exported(++xc)
          : kind === 'receipt'
            ? { kind, xc: Math.max(1, xc), receipt }
            : kind === 'locked'
              ? { kind, why: 'idle' }
              : { kind: 'unlocked', by: 'passphrase', refused: 2 };
      entries.push(nextVaultEntry(entries.at(-1), headerHash, '2026-11-23T12:00:00.000Z', event));
    }
    return entries;
  }

  it('is complete after it is encoded and decoded', () => {
    fc.assert(
      fc.property(events, (kinds) => {
        const entries = write(kinds);
        const time = '2026-11-23T13:00:00.000Z';
        const vaultId = toBase64url(new Uint8Array(16).fill(8));
        const payload = encodeVaultJournal({ format: 1, vaultId, asNumber: 7, time, entries });
        const { entries: read } = decodeVaultJournal(JSON.parse(Buffer.from(payload).toString('utf8')));
        expect(read).toEqual(entries);
        expect(findChainBreaks(read, headerHash)).toEqual([]);
      }),
    );
  });

  it('has a break when an entry before the last is removed or changed, or an entry is repeated', () => {
    fc.assert(
      fc.property(events, fc.nat(), (kinds, place) => {
        const entries = write(kinds);
        const index = place % entries.length;
        const entry = entries[index];
        if (entry === undefined) throw new RangeError('the index is in the list');
        const changed = { ...entry, time: '2026-11-23T12:00:00.001Z' };
        const without = entries.filter((each) => each !== entry);
        const altered = entries.map((each) => (each === entry ? changed : each));
        const last = index === entries.length - 1;
        expect(findChainBreaks(without, headerHash).length === 0).toBe(last);
        expect(findChainBreaks([...entries, entry], headerHash)).not.toEqual([]);
        if (!last) expect(findChainBreaks(altered, headerHash)).not.toEqual([]);
        expect(findChainBreaks(entries, new Uint8Array(32))).not.toEqual([]);
      }),
    );
  });
});
