// What becomes of a vault's journal when it is returned: the AS's findings for the operator, and its verdicts in this station's own journal, with
// the attempts that they are on. Is handed both stores and the way to the AS.
import { summaryOf } from '#protocol/provisioning/provision.ts';
import type { Envelope } from '#protocol/signing/envelope.ts';
import { isOn, type ReturnedVerdict, type VaultReturns } from '../../as-client/vault-returns.ts';
import type { Attempt, StepBody } from '../../journal/attempt.ts';
import type { Journal } from '../../journal/journal.ts';
import { recalled, type VaultExport, type VaultStore } from '../../vault-store/vault-store.ts';

export interface VaultReport {
  readonly exports: number;
  readonly receipts: number;
  /** Those that somebody must look into, and those that are only said. */
  readonly grave: readonly string[];
  readonly notes: readonly string[];
  /** Verdicts on receipts of this vault. */
  readonly verdicts: number;
  /** Of them, those that this station's journal holds now. */
  readonly kept: number;
}

export interface VaultReturnOptions {
  readonly returns: Pick<VaultReturns, 'giveBack'>;
  readonly store: VaultStore;
  readonly journal: Pick<Journal, 'list' | 'append'>;
}

/** The AS's verdict, and the export that it is on. */
interface Proof {
  readonly verdict: ReturnedVerdict;
  readonly made: VaultExport;
}

/** So many attempts are looked through at a time. */
const PAGE = 200;

/** `origin` is how the station's journal names the vault. @throws ProtocolError (SourceErrorCode), journal-full, journal-failed */
export async function returnVaultJournal(
  { returns, store, journal }: VaultReturnOptions,
  vault: { readonly id: string; readonly origin: string },
  signed: Envelope,
): Promise<VaultReport> {
  const { exports, receipts, findings, verdicts, auditHead } = await returns.giveBack(vault.id, signed);
  const own = new Map<string, Proof>();
  for (const verdict of verdicts) {
    const made = await store.findExport(vault.id, verdict.xc);
    if (made && isOn(verdict, made)) own.set(verdict.exportId, { verdict, made });
  }
  const wordsOf = (wanted: boolean): string[] =>
    findings.flatMap(({ grave, words }) => (grave === wanted ? [words] : []));
  const kept = await keepVerdicts(journal, vault.origin, own, auditHead);
  return { exports, receipts, grave: wordsOf(true), notes: wordsOf(false), verdicts: own.size, kept };
}

/** With each attempt that has none yet. How many attempts have theirs now. */
async function keepVerdicts(
  journal: VaultReturnOptions['journal'],
  origin: string,
  proofs: ReadonlyMap<string, Proof>,
  auditHead: string,
): Promise<number> {
  let [kept, before] = [0, Number.POSITIVE_INFINITY];
  while (kept < proofs.size) {
    const attempts = await journal.list(PAGE, before);
    for (const attempt of attempts) {
      const proof = attempt.service === origin ? proofOn(attempt, proofs) : undefined;
      if (proof === undefined) continue;
      kept++;
      if (attempt.steps.some((entry) => entry.step === 'verify' && entry.verdict !== undefined)) continue;
      const { time, envelope } = proof.verdict;
      const verified = { step: 'verify', state: 'confirmed', time, verdict: envelope } as const;
      await journal.append(attempt.id, [...unheard(attempt, proof), verified], { auditHead });
    }
    const oldest = attempts.at(-1);
    if (oldest === undefined) break;
    before = oldest.id;
  }
  return kept;
}

/** By the export; where the page did not live to write it down, by the idempotency key under which it was asked for. */
function proofOn({ steps, idempotencyKey }: Attempt, proofs: ReadonlyMap<string, Proof>): Proof | undefined {
  for (const entry of steps) {
    if (entry.step === 'export' && entry.state === 'confirmed') return proofs.get(entry.export.exportId);
  }
  return [...proofs.values()].find(({ made }) => made.idempotencyKey === idempotencyKey);
}

/** What the vault knows of an export, where the page did not live to write it down. */
function unheard({ steps, ref2 }: Attempt, { verdict, made }: Proof): readonly StepBody[] {
  if (steps.some(({ step, state }) => step === 'export' && state === 'confirmed')) return [];
  return [
    { step: 'export', state: 'confirmed', export: summaryOf(recalled(made), ref2) },
    { step: 'import', state: 'confirmed', receipt: verdict.receipt },
  ];
}
