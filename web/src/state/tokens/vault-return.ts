// Returns the journal of a vault to the AS (docs/protocol.md clause 10.4), and appends the AS's
// verdicts to the attempts in the journal of this station.
import { summaryOf } from '#protocol/provisioning/provision.ts';
import type { Envelope } from '#protocol/signing/envelope.ts';
import type { VaultFindingJson } from '#protocol/vault/messages.ts';
import { isOn, type ReturnedVerdict, type VaultReturns } from '../../as-client/vault-returns.ts';
import type { Attempt, StepBody } from '../../journal/attempt.ts';
import type { Journal } from '../../journal/journal.ts';
import { recalledExportOf, type VaultExport, type VaultStore } from '../../vault-store/vault-store.ts';

export type { VaultFindingKind, VaultFindingValues } from '#protocol/vault/findings.ts';
export type { VaultFindingJson } from '#protocol/vault/messages.ts';

/** Result of returning a vault journal. */
export interface VaultReport {
  readonly exports: number;
  readonly receipts: number;
  /** Findings of the AS that the custodian must examine. */
  readonly problems: readonly VaultFindingJson[];
  /** Other findings of the AS. */
  readonly notes: readonly VaultFindingJson[];
  /** Number of verdicts on receipts of this vault. */
  readonly verdicts: number;
  /** Number of these verdicts that the journal of this station contains. */
  readonly recorded: number;
}

export interface VaultReturnOptions {
  readonly returns: Pick<VaultReturns, 'sendJournal'>;
  readonly store: VaultStore;
  readonly journal: Pick<Journal, 'list' | 'append'>;
}

/** A verdict, and the export whose receipt it confirms. */
interface Proof {
  readonly verdict: ReturnedVerdict;
  readonly made: VaultExport;
}

/** Number of attempts that are read at a time. */
const PAGE = 200;

/**
 * Sends the signed journal to the AS, and records the verdicts of the AS. `origin` is the name of
 * the vault in the journal of this station.
 * @throws ProtocolError (SourceErrorCode), journal-full, journal-failed
 */
export async function returnVaultJournal(
  { returns, store, journal }: VaultReturnOptions,
  vault: { readonly id: string; readonly origin: string },
  signed: Envelope,
): Promise<VaultReport> {
  const { exports, receipts, findings, verdicts, auditHead } = await returns.sendJournal(vault.id, signed);
  const proofs = new Map<string, Proof>();
  for (const verdict of verdicts) {
    const made = await store.findExport(vault.id, verdict.xc);
    if (made && isOn(verdict, made)) proofs.set(verdict.exportId, { verdict, made });
  }
  const recorded = await recordVerdicts(journal, vault.origin, proofs, auditHead);
  const problems = findings.filter(({ grave }) => grave);
  const notes = findings.filter(({ grave }) => !grave);
  return { exports, receipts, problems, notes, verdicts: proofs.size, recorded };
}

/**
 * Appends each missing verdict to its attempt. If several attempts requested the same export, the
 * verdict belongs to the newest, because only that one sent DATA to the unit. Returns the number of
 * attempts with a verdict.
 */
async function recordVerdicts(
  journal: VaultReturnOptions['journal'],
  origin: string,
  proofs: ReadonlyMap<string, Proof>,
  auditHead: string,
): Promise<number> {
  const missing = new Map(proofs);
  let before = Number.POSITIVE_INFINITY;
  while (missing.size > 0) {
    const attempts = await journal.list(PAGE, before);
    for (const attempt of attempts) {
      const proof = attempt.service === origin ? proofOf(attempt, missing) : undefined;
      if (proof === undefined) continue;
      missing.delete(proof.verdict.exportId);
      if (attempt.steps.some((entry) => entry.step === 'verify' && entry.verdict !== undefined)) continue;
      const { time, envelope } = proof.verdict;
      const verified = { step: 'verify', state: 'confirmed', time, verdict: envelope } as const;
      await journal.append(attempt.id, [...missingSteps(attempt, proof), verified], { auditHead });
    }
    const oldest = attempts.at(-1);
    if (oldest === undefined) break;
    before = oldest.id;
  }
  return proofs.size - missing.size;
}

/** Finds the proof by export id or, if a crash lost the export step, by idempotency key. */
function proofOf({ steps, idempotencyKey }: Attempt, proofs: ReadonlyMap<string, Proof>): Proof | undefined {
  for (const entry of steps) {
    if (entry.step === 'export' && entry.state === 'confirmed') return proofs.get(entry.export.exportId);
  }
  return [...proofs.values()].find(({ made }) => made.idempotencyKey === idempotencyKey);
}

/**
 * Returns the export and import steps from the vault's records if a crash lost the steps of the
 * attempt, otherwise none.
 */
function missingSteps({ steps, ref2 }: Attempt, { verdict, made }: Proof): readonly StepBody[] {
  if (steps.some(({ step, state }) => step === 'export' && state === 'confirmed')) return [];
  return [
    { step: 'export', state: 'confirmed', export: summaryOf(recalledExportOf(made), ref2) },
    { step: 'import', state: 'confirmed', receipt: verdict.receipt },
  ];
}
