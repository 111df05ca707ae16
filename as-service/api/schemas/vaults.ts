// Schemas for the JSON of protocol/service/vaults.ts, with the conventions of common.ts.
import { z } from 'zod';
import type {
  VaultAnswerJson,
  VaultJson,
  VaultReportJson,
  VaultRequestJson,
  VaultReturnJson,
  VaultRevocationJson,
  VaultRevokedJson,
  VaultsJson,
} from '#protocol/service/vaults.ts';
import { MAX_EXPORTS, MAX_UNITS } from '#protocol/vault/header.ts';
import { MAX_VAULT_DAYS } from '../../vaults/make-vault.ts';
import { envelope, integer, octets, printable, ref1, serialNumber, set, text, time } from './common.ts';

const MAX_KEYS = 1000;
const exportsPerUnit = z.nullable(integer(1, MAX_EXPORTS));
const exportNumber = integer(1, MAX_EXPORTS);

export const vaultRequest = z.strictObject({
  set,
  ref1: z.array(ref1).min(1).max(MAX_KEYS),
  units: z.nullable(z.array(serialNumber).min(1).max(MAX_UNITS)),
  confirm: z.exactOptional(text),
  exports: exportNumber,
  exportsPerUnit,
  days: integer(1, MAX_VAULT_DAYS),
}) satisfies z.ZodType<VaultRequestJson>;

export const vaultRevocation = z.strictObject({ reason: printable(200) }) satisfies z.ZodType<VaultRevocationJson>;

export const vaultReturn = z.strictObject({ journal: envelope }) satisfies z.ZodType<VaultReturnJson>;

const vault = z.strictObject({
  vaultId: octets(16),
  asNumber: integer(1, 0xffff),
  set,
  ref1: z.array(ref1),
  units: z.nullable(integer(1, MAX_UNITS)),
  exports: exportNumber,
  exportsPerUnit,
  custodian: text,
  issued: time,
  expires: time,
  revoked: z.nullable(time),
  returned: z.nullable(time),
  exportsSeen: integer(0, 0xffffffff),
  receiptsSeen: integer(0, 0xffffffff),
}) satisfies z.ZodType<VaultJson>;

export const vaultAnswer = z.strictObject({
  file: text,
  passphrase: text,
  vault,
  auditHead: envelope,
}) satisfies z.ZodType<VaultAnswerJson>;

export const vaultsAnswer = z.strictObject({ vaults: z.array(vault) }) satisfies z.ZodType<VaultsJson>;

export const vaultRevokedAnswer = z.strictObject({
  vault,
  auditHead: envelope,
}) satisfies z.ZodType<VaultRevokedJson>;

export const vaultReportAnswer = z.strictObject({
  vault,
  entries: integer(0, 0xffffffff),
  exports: integer(0, 0xffffffff),
  receipts: integer(0, 0xffffffff),
  findings: z.array(z.strictObject({ grave: z.boolean(), words: text })),
  verdicts: z.array(z.strictObject({ xc: integer(1, 0xfffffffe), verdict: envelope })),
  auditHead: envelope,
}) satisfies z.ZodType<VaultReportJson>;
