// The limits of each member in the documents and messages of a vault (docs/protocol.md clauses 6
// and 10).
import { beforeAll, expect, it } from 'vitest';
import { toBase64url } from '#protocol/bytes/text.ts';
import { readDocument, readEnvelope } from '#protocol/json/document.ts';
import type { Schema } from '#protocol/json/schema.ts';
import { encodeHeader } from '#protocol/tkl/header.ts';
import { decodeVaultHeader, type VaultHeaderJson } from '#protocol/vault/header.ts';
import { decodeVaultJournal } from '#protocol/vault/journal.ts';
import { vaultAnswerSchema, vaultReportSchema, vaultRevokedSchema, vaultsSchema } from '#protocol/vault/messages.ts';
import { vaultRequestSchema, vaultReturnSchema, vaultRevocationSchema } from '#protocol/vault/requests.ts';
import { expectBounds } from '#test/support/bounds.ts';
import { createTestVault, quickKey } from '#test/support/vault.ts';

const SN = '00000000000000004549000000000007';
const TIME = '2026-11-23T12:00:00.000Z';
const zeros = (length: number): string => toBase64url(new Uint8Array(length));
const reader = (schema: Schema) => (value: unknown) => readDocument(schema, value, 'message');
const envelope = readEnvelope(
  JSON.stringify({
    payloadType: 'a',
    payload: zeros(3),
    signatures: [{ keyid: '0123456789ABCDEF', sig: zeros(64) }],
  }),
  'envelope',
);
const vault = {
  ...{ vaultId: zeros(16), asNumber: 7, set: 1, ref1: [1], units: 1, exports: 1, exportsPerUnit: 1 },
  ...{ custodian: 'maria', issued: TIME, expires: TIME, revoked: null, returned: null },
  ...{ exportsSeen: 0, receiptsSeen: 0 },
};

let header: VaultHeaderJson;

beforeAll(async () => {
  const created = await createTestVault({
    ...{ set: 0xba7c, transportKeys: [{ tkv: 1, key: new Uint8Array(32) }], units: [SN], derive: quickKey },
    keys: [{ ref1: 1, akv: 1, key: new Uint8Array(16) }],
    quota: { exports: 9, perUnit: 3 },
  });
  ({ header } = created);
});

it('the header', () => {
  expectBounds(decodeVaultHeader, header, [
    ['vaultId', 'bytes', 16, 16],
    ['asNumber', 'integer', 1, 0xffff],
    ['service.name', 'text', 1, 200],
    ['service.asNumber', 'integer', 0, 0xffff],
    ['custodian', 'text', 1, 200],
    ['set.set', 'integer', 1, 0xffffffff],
    ['set.transportKeys', 'items', 1, 255],
    ['set.transportKeys.0.tkv', 'integer', 1, 255],
    ['set.transportKeys.0.suites', 'items', 1, 8],
    ['set.keys', 'items', 1, 1000],
    ['units', 'items', 1, 1000],
    ['quota.exports', 'integer', 1, 2000],
    ['quota.perUnit', 'integer', 1, 2000],
    ['argon2id.memoryKib', 'integer', 0, 0xffffffff],
    ['argon2id.salt', 'bytes', 16, 16],
    ['sealed.length', 'integer', 1, 1 << 24],
    ['sealed.sha256', 'bytes', 32, 32],
  ]);
  expect(() => decodeVaultHeader({ ...header, asNumber: 0 })).toThrow('header.asNumber is not');
});

it('the journal', () => {
  const hdr = encodeHeader({
    ...{ suite: 2, signed: false, tkv: 1, asNumber: 7, set: 1, ref1: 1, slot: 2, akv: 1, xc: 1 },
    ...{ sn: new Uint8Array(16).fill(7), attributes: 'D0AB00N' },
  });
  const entry = (event: object) => ({ number: 1, time: TIME, previous: zeros(32), event });
  const unlocked = { kind: 'unlocked', by: 'passkey', refused: 0 };
  const receipt = { kind: 'receipt', xc: 1, receipt: zeros(64) };
  const exported = {
    ...{ kind: 'export', header: toBase64url(hdr), random: zeros(16), dataHash: zeros(32) },
    ...{ idempotencyKey: zeros(16), workOrder: 'JOB' },
  };
  const journal = { format: 1, vaultId: zeros(16), asNumber: 7, time: TIME };
  expectBounds(decodeVaultJournal, { ...journal, entries: [unlocked, receipt, exported].map(entry) }, [
    ['vaultId', 'bytes', 16, 16],
    ['asNumber', 'integer', 1, 0xffff],
    ['entries', 'items', 0, 8000],
    ['entries.0.number', 'integer', 1, 0xffffffff],
    ['entries.0.previous', 'bytes', 32, 32],
    ['entries.0.event.refused', 'integer', 0, 0xffffffff],
    ['entries.1.event.xc', 'integer', 1, 0xfffffffe],
    ['entries.1.event.receipt', 'bytes', 64, 64],
    ['entries.2.event.random', 'bytes', 16, 16],
    ['entries.2.event.dataHash', 'bytes', 32, 32],
    ['entries.2.event.idempotencyKey', 'bytes', 16, 16],
    ['entries.2.event.workOrder', 'text', 1, 64],
  ]);
});

it('the answers of the service', () => {
  expectBounds(reader(vaultsSchema), { vaults: [vault] }, [
    ['vaults.0.vaultId', 'bytes', 16, 16],
    ['vaults.0.asNumber', 'integer', 1, 0xffff],
    ['vaults.0.ref1', 'items', 0, 1000],
    ['vaults.0.ref1.0', 'integer', 0, 0xffff],
    ['vaults.0.units', 'integer', 1, 1000],
    ['vaults.0.exports', 'integer', 1, 2000],
    ['vaults.0.exportsPerUnit', 'integer', 1, 2000],
    ['vaults.0.custodian', 'text', 1, 200],
    ['vaults.0.exportsSeen', 'integer', 0, Number.MAX_SAFE_INTEGER],
    ['vaults.0.receiptsSeen', 'integer', 0, Number.MAX_SAFE_INTEGER],
  ]);
  const answer = { file: 'f', passphrase: 'p', vault, auditHead: envelope };
  expect(() => reader(vaultAnswerSchema)(answer)).not.toThrow();
  for (const member of ['file', 'passphrase', 'vault', 'auditHead']) {
    expect(() => reader(vaultAnswerSchema)({ ...answer, [member]: '' })).toThrow(`message.${member} is not`);
    expect(() => reader(vaultAnswerSchema)({ ...answer, [member]: undefined })).toThrow(`message.${member} is missing`);
  }
  expectBounds(reader(vaultRevokedSchema), { vault, auditHead: envelope }, [['vault.asNumber', 'integer', 1, 0xffff]]);
  const report = {
    ...{ vault, entries: 1, exports: 1, receipts: 1, auditHead: envelope },
    findings: [{ grave: true, kind: 'export-missing', values: { xc: 2, before: 3 }, words: 'export 2 is missing' }],
    verdicts: [{ xc: 1, verdict: envelope }],
  };
  expectBounds(reader(vaultReportSchema), report, [
    ['entries', 'integer', 0, Number.MAX_SAFE_INTEGER],
    ['findings', 'items', 0, 8000],
    ['findings.0.kind', 'text', 1, 100],
    ['findings.0.words', 'text', 1, 2000],
    ['verdicts', 'items', 0, 8000],
    ['verdicts.0.xc', 'integer', 1, 0xffffffff],
  ]);
});

it('the requests to the service', () => {
  const request = { set: 1, ref1: [1], units: [SN], confirm: 'Yes', exports: 1, exportsPerUnit: 1, days: 1 };
  expectBounds(reader(vaultRequestSchema), request, [
    ['set', 'integer', 1, 0xffffffff],
    ['ref1', 'items', 1, 1000],
    ['units', 'items', 1, 1000],
    ['exports', 'integer', 1, 2000],
    ['exportsPerUnit', 'integer', 1, 2000],
    ['days', 'integer', 1, 366],
  ]);
  expect(() => reader(vaultRequestSchema)({ ...request, confirm: '' })).toThrow('message.confirm is not');
  expect(() => reader(vaultRevocationSchema)({ reason: 'x'.repeat(200) })).not.toThrow();
  expect(() => reader(vaultRevocationSchema)({ reason: 'x'.repeat(201) })).toThrow('message.reason');
  expect(() => reader(vaultReturnSchema)({ journal: envelope })).not.toThrow();
  expect(() => reader(vaultReturnSchema)({})).toThrow('message.journal is missing');
});
