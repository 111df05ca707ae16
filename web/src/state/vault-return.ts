// What becomes of a vault's journal when it is returned: the AS's findings for the operator, and its verdicts in this station's own journal, with
// the attempts that they are on. Is handed both stores and the way to the AS.
import type { Envelope } from '#protocol/tkl/envelope.ts';
import { isOn, type ReturnedVerdict, type VaultReturns } from '../source/vault-returns.ts';
import type { Attempt } from '../store/attempt.ts';
import type { Journal } from '../store/journal.ts';
import type { VaultStore } from '../store/vault-store.ts';

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

export interface VaultReturnParts {
  readonly returns: Pick<VaultReturns, 'giveBack'>;
  readonly store: VaultStore;
  readonly journal: Pick<Journal, 'list' | 'append'>;
}

/** So many attempts are looked through at a time. */
const PAGE = 200;

/** `origin` is how the station's journal names the vault. @throws ProtocolError (SourceErrorCode), journal-full, journal-failed */
export async function returnVaultJournal(
  { returns, store, journal }: VaultReturnParts,
  vault: { readonly id: string; readonly origin: string },
  signed: Envelope,
): Promise<VaultReport> {
  const { exports, receipts, findings, verdicts, auditHead } = await returns.giveBack(vault.id, signed);
  const own = new Map<string, ReturnedVerdict>();
  for (const verdict of verdicts) {
    if (isOn(verdict, await store.findExport(vault.id, verdict.xc))) own.set(verdict.exportId, verdict);
  }
  const wordsOf = (wanted: boolean): string[] =>
    findings.flatMap(({ grave, words }) => (grave === wanted ? [words] : []));
  const kept = await keepVerdicts(journal, vault.origin, own, auditHead);
  return { exports, receipts, grave: wordsOf(true), notes: wordsOf(false), verdicts: own.size, kept };
}

/** With each attempt that has none yet. How many attempts have theirs now. */
async function keepVerdicts(
  journal: VaultReturnParts['journal'],
  origin: string,
  verdicts: ReadonlyMap<string, ReturnedVerdict>,
  auditHead: string,
): Promise<number> {
  let [kept, before] = [0, Number.POSITIVE_INFINITY];
  while (kept < verdicts.size) {
    const attempts = await journal.list(PAGE, before);
    for (const attempt of attempts) {
      const verdict = attempt.service === origin ? verdictOn(attempt, verdicts) : undefined;
      if (verdict === undefined) continue;
      kept++;
      if (attempt.steps.some((entry) => entry.step === 'verify' && entry.verdict !== undefined)) continue;
      const { time, envelope } = verdict;
      const step = { step: 'verify', state: 'confirmed', time, verdict: envelope } as const;
      await journal.append(attempt.id, step, { auditHead });
    }
    const oldest = attempts.at(-1);
    if (oldest === undefined) break;
    before = oldest.id;
  }
  return kept;
}

function verdictOn({ steps }: Attempt, verdicts: ReadonlyMap<string, ReturnedVerdict>): ReturnedVerdict | undefined {
  for (const entry of steps) {
    if (entry.step === 'export' && entry.state === 'confirmed') return verdicts.get(entry.export.exportId);
  }
  return undefined;
}
