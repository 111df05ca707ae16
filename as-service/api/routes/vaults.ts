// Routes below /v1/vaults (docs/protocol.md clauses 6 and 10). The passphrase of a vault is only in
// the response to the request that issues the vault. The service does not store it.
import type { Role } from '#protocol/service/messages.ts';
import {
  type VaultAnswerJson,
  type VaultReportJson,
  type VaultRevokedJson,
  type VaultsJson,
  vaultAnswerSchema,
  vaultReportSchema,
  vaultRevokedSchema,
  vaultsSchema,
} from '#protocol/vault/messages.ts';
import { vaultRequestSchema, vaultReturnSchema, vaultRevocationSchema } from '#protocol/vault/requests.ts';
import type { VaultCaller } from '../../vaults/vaults.ts';
import { type Call, OVERSEERS, route } from './route.ts';

const ISSUERS: readonly Role[] = ['custodian'];
const RETURNERS: readonly Role[] = ['operator', 'custodian'];

function callerOf({ signedIn: { account, requireSignedIn } }: Pick<Call<unknown>, 'signedIn'>): VaultCaller {
  return { actor: account.name, sets: account.sets, requireSignedIn };
}

export const newVaultRoute = route({
  method: 'post',
  path: '/v1/vaults',
  summary:
    'Issues a vault, and returns its file and, once, its passphrase. The audit log entry is durable before the response.',
  roles: ISSUERS,
  input: vaultRequestSchema,
  output: vaultAnswerSchema,
  problems: ['set-unknown', 'key-unknown', 'unit-not-listed', 'demo-refused', 'too-many-requests'],
  handle: async (call): Promise<VaultAnswerJson> => {
    const { text, passphrase, record } = await call.as.vaults.issue(call.input, callerOf(call));
    return { file: text, passphrase, vault: record.view(), ...(await call.signLog()) };
  },
});

export const vaultsRoute = route({
  method: 'get',
  path: '/v1/vaults',
  summary: 'The vaults of this service, newest first, each with its counts from returned journals.',
  roles: [...ISSUERS, ...OVERSEERS],
  input: undefined,
  output: vaultsSchema,
  problems: [],
  handle: (call): VaultsJson => ({ vaults: call.as.vaults.visible(callerOf(call)).map((record) => record.view()) }),
});

export const revokeVaultRoute = route({
  method: 'post',
  path: '/v1/vaults/{id}/revoke',
  summary: 'Revokes a vault. An offline vault continues to export; its returned journal shows the later exports.',
  roles: [...ISSUERS, 'administrator'],
  input: vaultRevocationSchema,
  output: vaultRevokedSchema,
  problems: ['vault-unknown'],
  handle: async (call): Promise<VaultRevokedJson> => {
    const record = await call.as.vaults.revoke(call.id, call.input.reason, callerOf(call));
    return { vault: record.view(), ...(await call.signLog()) };
  },
});

export const vaultJournalRoute = route({
  method: 'post',
  path: '/v1/vaults/{id}/journal',
  summary: 'Reconciles the returned journal of a vault. Returns verdicts on its receipts, and findings.',
  roles: RETURNERS,
  input: vaultReturnSchema,
  longBody: 'vault-journal',
  isSlow: true,
  output: vaultReportSchema,
  problems: ['vault-unknown', 'journal-refused', 'receipt-refused', 'too-many-requests'],
  handle: async (call): Promise<VaultReportJson> => {
    const { signatures, vaults } = call.as;
    const report = await vaults.reconcile(call.input.journal, callerOf(call), call.id);
    const verdicts = await signatures.signVerdicts(report.verdicts);
    const { record, entries, exports, receipts, findings } = report;
    return {
      vault: record.view(),
      entries,
      exports,
      receipts,
      findings,
      verdicts,
      ...(await call.signLog()),
    };
  },
});
