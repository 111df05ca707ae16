// Verifies that the audit log contains the closing entry of a work order (docs/protocol.md clauses
// 6.3 and 9.1), with the proof in the report and the signed summary.
import * as v from 'valibot';
import { equalBytes } from '../bytes/bytes.ts';
import { fromBase64url, toBase64url, utf8 } from '../bytes/text.ts';
import { sha256 } from '../crypto/prf.ts';
import { IntegrityError } from '../errors.ts';
import { parseJson } from '../json/document.ts';
import { read } from '../json/schema.ts';
import { openCheckpoint } from '../log/checkpoint.ts';
import { leafHash } from '../log/merkle.ts';
import { decodeLogProof } from '../log/tlog-proof.ts';
import { isIncluded } from '../log/verify-inclusion.ts';
import type { Certificates } from '../service/certificates.ts';
import type { Verify } from '../signing/envelope.ts';
import type { ClosingProof, ReportSummary } from './report.ts';

/** Name of the event in the audit log. */
export const CLOSING_EVENT = 'work-order-closed';

const closingEntrySchema = v.object({
  event: v.literal(CLOSING_EVENT),
  details: v.object({ workOrder: v.string() }),
});

export interface VerifyClosingOptions {
  /** The trusted root key, 32 bytes. */
  readonly root: Uint8Array;
  readonly certificates: Certificates;
  readonly verify: Verify;
}

/**
 * Requires that the entry closes the order of the summary, is the one that the summary names, and is
 * in the log of the newest head of the summary. The caller has verified the summary.
 * @throws IntegrityError, or ProtocolError file-refused
 */
export async function verifyClosing(
  { entry, proof }: ClosingProof,
  { id, heads }: ReportSummary,
  { root, certificates, verify }: VerifyClosingOptions,
): Promise<void> {
  const { details } = read(closingEntrySchema, parseJson(entry, 'the entry'), 'the entry', 'file-refused');
  const leaf = utf8(entry);
  const [closed, newest] = [heads[0], heads.at(-1)];
  const { index, hashes, checkpoint } = decodeLogProof(proof);
  const tree = await openCheckpoint(checkpoint, root, certificates.keysFor('audit-head'), verify);
  const isOfOrder =
    details.workOrder === id && closed?.hash === toBase64url(sha256(leaf)) && closed.sequence === index + 1;
  const isOfHead =
    newest?.treeRoot !== undefined &&
    newest.sequence === tree.size &&
    equalBytes(fromBase64url(newest.treeRoot), tree.root);
  if (!isOfOrder || !isOfHead || !isIncluded(index, leafHash(leaf), tree, hashes)) throw new IntegrityError();
}
