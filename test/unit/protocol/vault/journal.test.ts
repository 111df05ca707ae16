// The document format of a vault journal: the events that it may have, and the code of each
// refusal.
import { describe, expect, it } from 'vitest';
import { toBase64url } from '#protocol/bytes/text.ts';
import { decodeVaultJournal, hashVaultEntry, type VaultEntryJson } from '#protocol/vault/journal.ts';

const TIME = '2026-11-23T12:00:00.000Z';
const zeros = (length: number): string => toBase64url(new Uint8Array(length));
const entry: VaultEntryJson = {
  number: 1,
  time: TIME,
  previous: zeros(32),
  event: { kind: 'unlocked', by: 'passkey', refused: 0 },
};
const exported = { kind: 'export', random: zeros(16), dataHash: zeros(32), idempotencyKey: zeros(16), workOrder: null };

function decode(event: unknown, change: object = {}): unknown {
  return decodeVaultJournal({
    format: 1,
    vaultId: zeros(16),
    asNumber: 7,
    time: TIME,
    entries: [{ ...entry, event }],
    ...change,
  });
}

describe('the journal of a vault', () => {
  it('is read if its events are those of clause 10.4', () => {
    for (const event of [
      entry.event,
      { kind: 'locked', why: 'idle' },
      { kind: 'receipt', xc: 1, receipt: zeros(64) },
    ]) {
      expect(decode(event)).toMatchObject({ entries: [{ ...entry, event }] });
    }
  });

  it.each<[string, unknown]>([
    ['an unknown kind', { kind: 'opened' }],
    ['a kind that is a property of Object', { kind: 'constructor' }],
    ['no kind', {}],
    ['no event', null],
    ['an unknown way of unlocking', { kind: 'unlocked', by: 'pin', refused: 0 }],
    ['a member of another kind', { kind: 'locked', why: 'idle', xc: 1 }],
    ['a receipt that is too short', { kind: 'receipt', xc: 1, receipt: zeros(63) }],
    ['a header that is too short', { ...exported, header: zeros(47) }],
  ])('is refused with %s', (_name, event) => {
    expect(() => decode(event)).toThrow(expect.objectContaining({ code: 'vault-malformed' }));
    expect(() => decode(event)).toThrow('journal.entries[0].event');
  });

  it('is refused if the header of an export is not an HDR', () => {
    expect(() => decode({ ...exported, header: zeros(48) })).toThrow(
      expect.objectContaining({ code: 'data-malformed' }),
    );
  });

  it.each([
    { format: 2 },
    { asNumber: 0 },
    { time: '2026-11-23T12:00:00Z' },
    { time: '2026-02-30T12:00:00.000Z' },
    { of: 1 },
  ])('is refused with %j', (change) => {
    expect(() => decode(entry.event, change)).toThrow(expect.objectContaining({ code: 'vault-malformed' }));
  });

  it('hashes the members of an entry in a fixed order, and refuses unknown members', () => {
    const { number, time, previous, event } = entry;
    expect(hashVaultEntry({ event, previous, time, number })).toEqual(hashVaultEntry(entry));
    expect(() => hashVaultEntry({ ...entry, note: 1 } as VaultEntryJson)).toThrow('entry.note is an unknown member');
  });
});
