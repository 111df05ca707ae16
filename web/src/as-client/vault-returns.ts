// Returns the journal of a vault to the AS that issued it, and reads the findings and signed
// verdicts of the AS (docs/protocol.md clauses 6 and 10.5). Uses RemoteAs.
import { fromBase64url, toBase64url } from '#protocol/bytes/text.ts';
import { VERDICT_TYPE, type VerdictJson, verdictSchema } from '#protocol/service/messages.ts';
import type { Envelope } from '#protocol/signing/envelope.ts';
import { type VaultFindingJson, vaultReportSchema } from '#protocol/vault/messages.ts';
import { readAnswer, readResponse } from './answer.ts';
import type { RemoteAs } from './remote-as.ts';

/** A verified verdict on one receipt of the vault. */
export interface ReturnedVerdict extends Pick<VerdictJson, 'exportId' | 'time'> {
  readonly xc: number;
  /** 64 bytes. */
  readonly receipt: Uint8Array;
  /** JSON text of the verdict's signed envelope. The journal stores it. */
  readonly envelope: string;
}

export interface ReturnedJournal {
  /** Number of exports in the returned journal. */
  readonly exports: number;
  readonly receipts: number;
  readonly findings: readonly VaultFindingJson[];
  readonly verdicts: readonly ReturnedVerdict[];
  /** The signed head of the audit log: JSON text of its envelope. */
  readonly auditHead: string;
}

/** Limits for the largest journal: 2000 exports with their receipts and verdicts. */
const LONG = { maxBytes: 16 * 1024 * 1024, deadlineMs: 120_000 };

export class VaultReturns {
  readonly #as: Pick<RemoteAs, 'ask' | 'open' | 'auditFloor' | 'acceptHead'>;

  constructor(as: Pick<RemoteAs, 'ask' | 'open' | 'auditFloor' | 'acceptHead'>) {
    this.#as = as;
  }

  /**
   * Sends a signed vault journal to the AS.
   * @throws ProtocolError (SourceErrorCode), for example vault-unknown, journal-refused, not-the-as
   */
  async sendJournal(vaultId: string, journal: Envelope): Promise<ReturnedJournal> {
    const floor = await this.#as.auditFloor();
    const path = `/v1/vaults/${encodeURIComponent(vaultId)}/journal`;
    const answer = await this.#as.ask('POST', path, { journal }, { ...LONG, logSize: floor?.sequence });
    const report = readResponse(vaultReportSchema, answer, 'report');
    const { exports, receipts, findings, verdicts, auditHead } = report;
    await this.#as.acceptHead(report, floor);
    const opened: ReturnedVerdict[] = [];
    for (const { xc, verdict } of verdicts) opened.push(await this.#open(xc, verdict));
    return { exports, receipts, findings, verdicts: opened, auditHead: JSON.stringify(auditHead) };
  }

  async #open(xc: number, envelope: Envelope): Promise<ReturnedVerdict> {
    const payload = await this.#as.open(envelope, VERDICT_TYPE, 'verdict');
    const { exportId, receipt, time } = readAnswer(verdictSchema, payload, 'verdict');
    return { xc, exportId, time, receipt: fromBase64url(receipt), envelope: JSON.stringify(envelope) };
  }
}

/**
 * True iff the verdict names this export of the vault, and the receipt that the vault stored for
 * this export.
 */
export function isOn(
  { exportId, receipt }: ReturnedVerdict,
  made: { readonly exportId: string; readonly receipt?: Uint8Array | undefined } | undefined,
): boolean {
  return (
    made?.receipt !== undefined && made.exportId === exportId && toBase64url(made.receipt) === toBase64url(receipt)
  );
}
