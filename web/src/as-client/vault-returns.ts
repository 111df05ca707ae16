// Returns the journal of a vault to the AS that issued the vault, and decodes the answer: the
// findings and a signed verdict for each receipt (docs/protocol.md clauses 6 and 10.5).
import { fromBase64url, toBase64url } from '#protocol/bytes/text.ts';
import * as shape from '#protocol/json/read.ts';
import type { VerdictJson } from '#protocol/service/messages.ts';
import type { VaultFindingJson } from '#protocol/service/vaults.ts';
import type { Envelope } from '#protocol/signing/envelope.ts';
import { decodeVerdict } from './decode.ts';
import { fromService, member } from './decode-answer.ts';
import type { RemoteAs } from './remote-as.ts';
import { VERDICT_TYPE } from './trust.ts';

/** A verified verdict of the AS on one receipt of the vault. */
export interface ReturnedVerdict extends Pick<VerdictJson, 'exportId' | 'time'> {
  readonly xc: number;
  /** 64 bytes. */
  readonly receipt: Uint8Array;
  /** JSON text of the envelope, for the journal. */
  readonly envelope: string;
}

export interface ReturnedJournal {
  /** Number of exports in the returned journal. */
  readonly exports: number;
  readonly receipts: number;
  readonly findings: readonly VaultFindingJson[];
  readonly verdicts: readonly ReturnedVerdict[];
  /** The audit head of the answer: JSON text of its envelope. */
  readonly auditHead: string;
}

/** Limits for a journal of 2000 exports with their receipts and verdicts. */
const LONG = { mostBytes: 16 * 1024 * 1024, deadlineMs: 120_000 };
const MOST = 8000;

const natural = shape.integer(0, Number.MAX_SAFE_INTEGER);
const finding = shape.object<VaultFindingJson>({ grave: shape.boolean, words: shape.printable(2000) });
const signed = shape.object<{ readonly xc: number; readonly verdict: Envelope }>({
  xc: shape.integer(1, 0xffffffff),
  verdict: shape.envelope,
});

export class VaultReturns {
  readonly #as: Pick<RemoteAs, 'ask' | 'open' | 'auditFloor' | 'acceptHead'>;

  constructor(as: Pick<RemoteAs, 'ask' | 'open' | 'auditFloor' | 'acceptHead'>) {
    this.#as = as;
  }

  /** @throws ProtocolError (SourceErrorCode), for example vault-unknown or journal-refused */
  async giveBack(vaultId: string, journal: Envelope): Promise<ReturnedJournal> {
    const floor = await this.#as.auditFloor();
    const path = `/v1/vaults/${encodeURIComponent(vaultId)}/journal`;
    const answer = await this.#as.ask('POST', path, { journal }, LONG);
    const { report, verdicts, auditHead } = fromService(() => ({
      report: {
        exports: member(answer, 'exports', natural),
        receipts: member(answer, 'receipts', natural),
        findings: member(answer, 'findings', shape.array(finding, 0, MOST)),
      },
      verdicts: member(answer, 'verdicts', shape.array(signed, 0, MOST)),
      auditHead: member(answer, 'auditHead', shape.envelope),
    }));
    await this.#as.acceptHead(auditHead, floor);
    const opened: ReturnedVerdict[] = [];
    for (const { xc, verdict } of verdicts) opened.push(await this.#opened(xc, verdict));
    return { ...report, verdicts: opened, auditHead: JSON.stringify(auditHead) };
  }

  async #opened(xc: number, envelope: Envelope): Promise<ReturnedVerdict> {
    const { exportId, receipt, time } = decodeVerdict(await this.#as.open(envelope, VERDICT_TYPE, 'verdict'));
    return { xc, exportId, time, receipt: fromBase64url(receipt), envelope: JSON.stringify(envelope) };
  }
}

/** True iff the verdict is on this export of the vault and on the receipt that its unit sent. */
export function isOn(
  { exportId, receipt }: ReturnedVerdict,
  made: { readonly exportId: string; readonly receipt?: Uint8Array | undefined } | undefined,
): boolean {
  return (
    made?.receipt !== undefined && made.exportId === exportId && toBase64url(made.receipt) === toBase64url(receipt)
  );
}
