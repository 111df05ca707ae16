// Compares docs/protocol.md clause 10 with protocol/vault: members of the header, costs, lengths,
// kinds of journal entries and limits.
import { beforeAll, describe, expect, it } from 'vitest';
import { fromBase64url, fromUtf8 } from '#protocol/bytes/text.ts';
import { decodeVaultFile } from '#protocol/vault/file.ts';
import { MAX_EXPORTS, MAX_UNITS } from '#protocol/vault/header.ts';
import { decodeVaultJournal } from '#protocol/vault/journal.ts';
import { COST_BOUNDS, VAULT_COST } from '#protocol/vault/passphrase.ts';
import { encodeVaultSecrets } from '#protocol/vault/secrets.ts';
import { createTestVault, quickKey } from '#test/support/vault.ts';
import { readDocument, section, table } from './markdown.ts';

const PROTOCOL = readDocument('docs/protocol.md');
const numbers = (cells: readonly string[]): number[] =>
  cells.map((cell) => Number.parseInt(cell.replaceAll(',', ''), 10));

let header: Record<string, unknown>;

beforeAll(async () => {
  const { text } = await createTestVault({
    set: 1,
    transportKeys: [{ tkv: 1, key: new Uint8Array(32).fill(1) }],
    keys: [{ ref1: 1, akv: 1, key: new Uint8Array(16).fill(2) }],
    units: ['00000000000000004549000000000007'],
    derive: quickKey,
  });
  header = JSON.parse(fromUtf8(fromBase64url(decodeVaultFile(text).header.payload))) as Record<string, unknown>;
});

describe('clause 10', () => {
  it('names all members of the header, and no other member', () => {
    const named = table(section(PROTOCOL, '10.1'), 'member', 'is').flatMap(([cell = '']) => cell.split(', '));
    expect(named.sort()).toEqual(Object.keys(header).sort());
  });

  it('prints the Argon2id cost of a new vault, and the bounds of a reader', () => {
    const [fresh = [], least = [], most = []] = table(section(PROTOCOL, '10.2'), 'memory', 'passes', 'lanes');
    const { memoryKib, passes, lanes } = COST_BOUNDS;
    expect(numbers(fresh.slice(1))).toEqual([VAULT_COST.memoryKib, VAULT_COST.passes, VAULT_COST.lanes]);
    expect(numbers(least.slice(1))).toEqual([memoryKib.min, passes.min, lanes.min]);
    expect(numbers(most.slice(1))).toEqual([memoryKib.max, passes.max, lanes.max]);
  });

  it('prints the lengths of the sealed part', () => {
    const key = (length: number) => new Uint8Array(length);
    const empty = { dataKey: key(32), journalKey: key(32), applicationKeys: [], deviceKeys: [], transportKeys: [] };
    const base = encodeVaultSecrets(empty).length;
    const more = (change: object) => encodeVaultSecrets({ ...empty, ...change }).length - base;
    const rows = table(section(PROTOCOL, '10.3'), 'field', 'octets').map(([, cell = '']) => cell);
    const ta = [16, 24, 32].map((length) => more({ applicationKeys: [{ ref1: 1, key: key(length) }] }));
    expect(rows).toEqual([
      '32, 32',
      `2 + n × (${ta[0]}, ${ta[1]} or ${ta[2]})`,
      `4 + n × ${more({ deviceKeys: [{ tkv: 1, sn: key(16), key: key(32) }] })}`,
      `1 + n × ${more({ transportKeys: [{ tkv: 1, key: key(32) }] })}`,
    ]);
    expect(base).toBe(64 + 2 + 4 + 1);
  });

  it('names all kinds of journal entries, and no other kind', () => {
    const known = table(section(PROTOCOL, '10.4'), 'kind', 'members').map(([kind = '']) => kind);
    const read = (kind: string) => {
      const entry = { number: 1, time: '2026-11-23T12:00:00.000Z', previous: 'A'.repeat(43), event: { kind } };
      const journal = { format: 1, vaultId: 'A'.repeat(22), asNumber: 1, time: entry.time, entries: [entry] };
      return () => decodeVaultJournal(journal);
    };
    expect(known).toEqual(['unlocked', 'export', 'receipt', 'locked']);
    for (const kind of known) expect(read(kind)).toThrow(/event\.(by|header|xc|why)/);
    expect(read('other')).toThrow('is not an event of a known kind');
  });

  it('prints the limits of a vault', () => {
    const limits = table(section(PROTOCOL, 'Annex C'), 'choices of this implementation');
    const [, cell = ''] = limits.find(([name]) => name?.startsWith('a vault:')) ?? [];
    expect(numbers(cell.replace('at most ', '').split(', ')).slice(0, 2)).toEqual([MAX_EXPORTS, MAX_UNITS]);
  });
});
