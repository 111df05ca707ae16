// The report of a work order, opened from a file or at the closing, and checked here: without the service, by the root key that the reader trusts
// (docs/protocol.md clause 9).
import { fromHex } from '#protocol/bytes/hex.ts';
import { fromBase64url, toBase64url } from '#protocol/bytes/text.ts';
import { writeReportCsv } from '#protocol/orders/report-csv.ts';
import { type ReportVerdict, verifyReport } from '#protocol/orders/verify-report.ts';
import { keyId, type Verify } from '#protocol/signing/envelope.ts';

export type { ReportVerdict } from '#protocol/orders/verify-report.ts';

/** A root key that may be trusted, as this station pinned it. */
export interface TrustedRoot {
  /** The AS, as the reader knows it. */
  readonly name: string;
  /** Key id, 16 hex digits. */
  readonly fingerprint: string;
  /** base64url, 32 octets. */
  readonly root: string;
}

export class Verification {
  roots = $state.raw<readonly TrustedRoot[]>([]);
  verdict = $state.raw<ReportVerdict | undefined>();
  /** Rows that were checked so far, of how many. */
  progress = $state.raw<readonly [done: number, total: number] | undefined>();
  /** The key by which the verdict was found. */
  trusted = $state.raw<TrustedRoot | undefined>();
  /** What was typed is no root key. */
  refused = $state.raw(false);

  readonly #pinned: () => Promise<readonly PinnedRoot[]>;
  readonly #verify: Verify;
  /** Of the checks, of which only the last one may speak. */
  #turn = 0;

  constructor(pinned: () => Promise<readonly PinnedRoot[]>, verify: Verify) {
    this.#pinned = pinned;
    this.#verify = verify;
  }

  /** The keys that this station trusts. */
  async readRoots(): Promise<void> {
    this.roots = (await this.#pinned()).map(({ service, root }) => ({
      name: service,
      root,
      fingerprint: fingerprint(root),
    }));
  }

  /** A key that the reader has by another way, base64url or hex of 32 octets. */
  async add(written: string): Promise<void> {
    const root = readRoot(written);
    this.refused = root === undefined;
    if (root === undefined || this.roots.some((each) => each.root === root)) return;
    this.roots = [...this.roots, { name: 'Typed in', root, fingerprint: fingerprint(root) }];
  }

  /** Checks the text of a report file. Resolves with `verdict` set, whatever the file holds, unless another check began meanwhile. */
  async check(text: string, trusted: TrustedRoot): Promise<void> {
    const turn = ++this.#turn;
    this.verdict = undefined;
    this.trusted = trusted;
    this.progress = [0, 0];
    const progress = (done: number, total: number): void => {
      if (turn === this.#turn) this.progress = [done, total];
    };
    const verdict = await verifyReport(text, fromBase64url(trusted.root), this.#verify, { progress });
    if (turn !== this.#turn) return;
    this.verdict = verdict;
    this.progress = undefined;
  }

  /** What was proven, for the customer's systems. */
  csv(): string {
    return this.verdict ? writeReportCsv(this.verdict) : '';
  }
}

export interface PinnedRoot {
  readonly service: string;
  readonly root: string;
}

const fingerprint = (root: string): string => keyId(fromBase64url(root));

function readRoot(written: string): string | undefined {
  const text = written.replaceAll(/\s/g, '');
  if (/^[0-9A-Fa-f]{64}$/.test(text)) return toBase64url(fromHex(text));
  // The last one of 43 characters holds four bits.
  return /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/.test(text) ? text : undefined;
}
