// Executes the commands for vaults. The commands may use every set, and read and write files on
// this computer.
import { existsSync } from 'node:fs';
import { hexNumber } from '#protocol/bytes/hex.ts';
import { FileError } from '#protocol/errors.ts';
import { readEnvelope } from '#protocol/json/document.ts';
import type { Envelope } from '#protocol/signing/envelope.ts';
import { counted } from '#protocol/text/counted.ts';
import { MAX_EXPORTS, MAX_UNITS } from '#protocol/vault/header.ts';
import type { VaultJson } from '#protocol/vault/messages.ts';
import { MAX_VAULT_DAYS, type VaultRequestJson } from '#protocol/vault/requests.ts';
import { requireNumber, requireSerialNumber } from '../common/checks.ts';
import { UserError } from '../common/user-error.ts';
import type { As } from '../service/as.ts';
import { existingFile, writeOutputFile } from '../storage/output-file.ts';
import type { VaultRecord } from '../vaults/vault-ledger.ts';
import type { VaultCaller } from '../vaults/vaults.ts';
import { jsonLines } from './objects/json.ts';
import { showTime } from './times.ts';

export type VaultAdminRequest =
  | ({ readonly command: 'vault issue'; readonly path: string; readonly passphrase?: string } & VaultRequestJson)
  | { readonly command: 'vault list'; readonly json?: true }
  | { readonly command: 'vault revoke'; readonly asNumber: number; readonly reason: string }
  | { readonly command: 'vault reconcile'; readonly journal: string; readonly verdicts?: string };

/** Executes a command and returns the lines to print. @throws UserError, ProtocolError */
export async function runVaultRequest(
  as: As,
  actor: string,
  request: VaultAdminRequest,
  zone: string,
): Promise<readonly string[]> {
  const caller: VaultCaller = { actor, sets: null };
  switch (request.command) {
    case 'vault issue':
      return issue(as, caller, request, zone);
    case 'vault list':
      return list(as, caller, request, zone);
    case 'vault revoke':
      return revoke(as, caller, request, zone);
    case 'vault reconcile':
      return reconcile(as, caller, request, zone);
  }
}

type RequestOf<Command> = Extract<VaultAdminRequest, { readonly command: Command }>;

async function issue(
  as: As,
  caller: VaultCaller,
  request: RequestOf<'vault issue'>,
  zone: string,
): Promise<readonly string[]> {
  const { path, passphrase: chosen, units, ref1, exports, exportsPerUnit, days } = request;
  requireNumber('--exports', exports, 1, MAX_EXPORTS);
  if (exportsPerUnit !== null) requireNumber('--exports-per-unit', exportsPerUnit, 1, MAX_EXPORTS);
  requireNumber('--days', days, 1, MAX_VAULT_DAYS);
  if (ref1.length === 0) throw new UserError('Name the keys of the vault: --ref1 REF1 for each.');
  if (units !== null) requireNumber('The number of units', units.length, 1, MAX_UNITS);
  if (existsSync(path)) throw existingFile(path);
  const vaultRequest = { ...request, units: units?.map(requireSerialNumber) ?? null };
  const { text, passphrase, record } = await as.vaults.issue(vaultRequest, caller, chosen);
  await writeOutputFile(path, Buffer.from(text));
  return [
    `Wrote ${describe(record, zone)} to ${path}, mode 0600.`,
    ...(chosen === undefined
      ? [
          passphrase,
          'The line above is its passphrase, which the service does not store. Send it separately from the file.',
        ]
      : []),
  ];
}

function list(as: As, caller: VaultCaller, { json }: RequestOf<'vault list'>, zone: string): readonly string[] {
  const vaults = as.vaults.visible(caller);
  if (json === true) return jsonLines(vaults.map((record) => vaultJson(record.view())));
  return vaults.length === 0 ? ['No vaults yet.'] : vaults.map((record) => describe(record, zone));
}

/** The facts of a vault for --json. */
function vaultJson({ asNumber, set, ref1, ...facts }: VaultJson) {
  return {
    number: hexNumber(asNumber, 4),
    set: hexNumber(set, 8),
    ref1: ref1.map((each) => hexNumber(each, 4)),
    ...facts,
  };
}

async function revoke(
  as: As,
  caller: VaultCaller,
  { asNumber, reason }: RequestOf<'vault revoke'>,
  zone: string,
): Promise<readonly string[]> {
  const found = as.vaults.visible(caller).find(({ issued }) => issued.header.asNumber === asNumber);
  if (found === undefined) {
    throw new UserError(`There is no vault ${hexNumber(asNumber, 4)}. "vault list" shows all vaults.`);
  }
  await as.vaults.revoke(found.issued.header.vaultId, reason, caller);
  return [
    `Revoked ${describe(found, zone)}.`,
    'An offline vault continues to export. Its returned journal shows the later exports.',
  ];
}

async function reconcile(
  as: As,
  caller: VaultCaller,
  request: RequestOf<'vault reconcile'>,
  zone: string,
): Promise<readonly string[]> {
  const { verdicts: path } = request;
  if (path !== undefined && existsSync(path)) throw existingFile(path);
  const report = await as.vaults.reconcile(readJournalFile(request.journal), caller);
  const { entries, exports, receipts, findings, verdicts } = report;
  if (path !== undefined) {
    const signed = (await as.signatures.signVerdicts(verdicts)).map(({ verdict }) => verdict);
    await writeOutputFile(path, Buffer.from(`${JSON.stringify(signed)}\n`));
  }
  return [
    describe(report.record, zone),
    `The journal has ${counted(entries, 'entry')}, ${counted(exports, 'export')} and ${counted(receipts, 'receipt')}; verified receipts: ${verdicts.length}.`,
    ...findings.map(({ grave, words }) => `${grave ? 'Investigate: ' : ''}${words}`),
    ...(findings.length === 0 ? ['There are no findings.'] : []),
  ];
}

function describe(record: VaultRecord, zone: string): string {
  const vault = record.view();
  const serves = vault.units === null ? 'open: it contains T' : counted(vault.units, 'unit');
  const used = `${vault.exportsSeen} of ${counted(vault.exports, 'export')} and ${counted(vault.receiptsSeen, 'receipt')} seen`;
  const until =
    vault.revoked === null ? `until ${showTime(vault.expires, zone)}` : `revoked ${showTime(vault.revoked, zone)}`;
  return `vault ${hexNumber(vault.asNumber, 4)} for ${vault.custodian}, set ${hexNumber(vault.set, 8)}, ${serves}, ${used}, ${until}`;
}

function readJournalFile(text: string): Envelope {
  try {
    return readEnvelope(text, 'The file');
  } catch (cause) {
    if (cause instanceof FileError) throw new UserError(cause.message, { cause });
    throw new UserError('This file does not contain a vault journal.', { cause });
  }
}
