// The journal of a vault, returned to the AS that issued it (docs/protocol.md clauses 6 and 10.5): what the AS found, and its signed verdict on each
// receipt. Loaded with the vaults. Knows no store and no page.
import { fromBase64url, toBase64url } from '#protocol/bytes/text.ts';
import * as shape from '#protocol/json/read.ts';
import type { VerdictJson } from '#protocol/service/messages.ts';
import type { VaultFindingJson } from '#protocol/service/vaults.ts';
import type { Envelope } from '#protocol/signing/envelope.ts';
import { decodeVerdict } from './decode.ts';
import { fromService, member } from './decode-answer.ts';
import type { RemoteAs } from './remote-as.ts';
import { VERDICT_TYPE } from './trust.ts';

/** The AS's word on one receipt of the vault, verified. */
export interface ReturnedVerdict extends Pick<VerdictJson, 'exportId' | 'time'> {
  readonly xc: number;
  /** 64 bytes. */
  readonly receipt: Uint8Array;
  /** JSON text of the envelope, for the journal. */
  readonly envelope: string;
}

export interface ReturnedJournal {
  /** In the journal that was returned. */
  readonly exports: number;
  readonly receipts: number;
  readonly findings: readonly VaultFindingJson[];
  readonly verdicts: readonly ReturnedVerdict[];
  /** The signed head of the AS's audit log that came with it: JSON text of its envelope. */
  readonly auditHead: string;
}

/** 2000 exports with their receipts, and as many verdicts. */
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

  /** @throws ProtocolError (SourceErrorCode), vault-unknown and journal-refused among them */
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

/** True iff the verdict is on this export of the vault, by the receipt that its unit gave. */
export function isOn(
  { exportId, receipt }: ReturnedVerdict,
  made: { readonly exportId: string; readonly receipt?: Uint8Array | undefined } | undefined,
): boolean {
  return (
    made?.receipt !== undefined && made.exportId === exportId && toBase64url(made.receipt) === toBase64url(receipt)
  );
}
