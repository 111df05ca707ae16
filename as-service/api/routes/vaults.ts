// /v1/vaults and what is below it (docs/protocol.md clauses 6 and 10): issued by a custodian, listed, revoked, and their journals taken
// back. The passphrase is made here and answered once; the file without it is of no use.
import type { Role } from '#protocol/service/messages.ts';
import type { VaultAnswerJson, VaultReportJson, VaultRevokedJson, VaultsJson } from '#protocol/service/vaults.ts';
import type { Envelope } from '#protocol/signing/envelope.ts';
import type { VaultCaller } from '../../vaults/vaults.ts';
import {
  vaultAnswer,
  vaultReportAnswer,
  vaultRequest,
  vaultReturn,
  vaultRevocation,
  vaultRevokedAnswer,
  vaultsAnswer,
} from '../schemas/vaults.ts';
import { type Call, OVERSEERS, route } from './route.ts';

const ISSUERS: readonly Role[] = ['custodian'];
const RETURNERS: readonly Role[] = ['operator', 'custodian'];
/** A journal of 2000 exports with their receipts, as base64url of JSON. */
const LONG_BODY = 6 * 1024 * 1024;

function callerOf({ signedIn: { account } }: Pick<Call<unknown>, 'signedIn'>): VaultCaller {
  return { actor: account.name, sets: account.sets };
}

function headOf({ as }: Pick<Call<unknown>, 'as'>): Promise<Envelope> {
  return as.signatures.signHead(as.log.head);
}

const idOf = ({ named }: Pick<Call<unknown>, 'named'>): string => named.id ?? '';

export const newVaultRoute = route({
  method: 'post',
  path: '/v1/vaults',
  summary:
    'Issues a vault: the file, and once its passphrase. It is in the audit log, on disk, before the answer leaves.',
  roles: ISSUERS,
  input: vaultRequest,
  output: vaultAnswer,
  problems: ['set-unknown', 'key-unknown', 'unit-not-listed', 'demo-refused', 'too-many-requests'],
  handle: async (call): Promise<VaultAnswerJson> => {
    call.spend(1);
    const { text, passphrase, record } = await call.as.vaults.issue(call.input, callerOf(call));
    return { file: text, passphrase, vault: record.view(), auditHead: await headOf(call) };
  },
});

export const vaultsRoute = route({
  method: 'get',
  path: '/v1/vaults',
  summary: 'The vaults of this service, newest first, with what their journals have shown so far.',
  roles: [...ISSUERS, ...OVERSEERS],
  input: undefined,
  output: vaultsAnswer,
  problems: [],
  handle: (call): VaultsJson => ({ vaults: call.as.vaults.visible(callerOf(call)).map((record) => record.view()) }),
});

export const revokeVaultRoute = route({
  method: 'post',
  path: '/v1/vaults/{id}/revoke',
  summary: 'Revokes a vault. It cannot reach one that is offline: later exports are found when its journal is back.',
  roles: [...ISSUERS, 'administrator'],
  input: vaultRevocation,
  output: vaultRevokedAnswer,
  problems: ['vault-unknown'],
  handle: async (call): Promise<VaultRevokedJson> => {
    const record = await call.as.vaults.revoke(idOf(call), call.input.reason, callerOf(call));
    return { vault: record.view(), auditHead: await headOf(call) };
  },
});

export const vaultJournalRoute = route({
  method: 'post',
  path: '/v1/vaults/{id}/journal',
  summary: 'Takes back the journal of a vault: verdicts on its receipts, and what somebody must look into.',
  roles: RETURNERS,
  input: vaultReturn,
  bodyLimit: LONG_BODY,
  output: vaultReportAnswer,
  problems: ['vault-unknown', 'journal-refused', 'too-many-requests'],
  handle: async (call): Promise<VaultReportJson> => {
    call.spend(1);
    const { signatures, vaults } = call.as;
    const report = await vaults.reconcile(call.input.journal, callerOf(call), idOf(call));
    const verdicts = await Promise.all(
      report.verdicts.map(async ({ xc, verdict }) => ({ xc, verdict: await signatures.signVerdict(verdict) })),
    );
    const { record, entries, exports, receipts, findings } = report;
    return { vault: record.view(), entries, exports, receipts, findings, verdicts, auditHead: await headOf(call) };
  },
});
