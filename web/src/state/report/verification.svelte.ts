// Checks the report of a work order with a root key that the reader trusts (docs/protocol.md clause
// 9.1). Needs neither the AS nor the network.
import { fromHex } from '#protocol/bytes/hex.ts';
import { fromBase64url, toBase64url } from '#protocol/bytes/text.ts';
import { FileError } from '#protocol/errors.ts';
import { writeReportCsv } from '#protocol/orders/report-csv.ts';
import { type ReportVerdict, verifyReport } from '#protocol/orders/verify-report.ts';
import { rootFingerprint, type Verify } from '#protocol/signing/envelope.ts';
import { readTyped, readTypedHex } from '#protocol/text/typed-code.ts';
import { t } from '../../text/t.ts';
import { type OpenedFile, readFile } from '../common/read-file.ts';

export type { ReportFaultCode } from '#protocol/orders/report-faults.ts';
export type { ReportVerdict } from '#protocol/orders/verify-report.ts';

/** A root key in the trust store of this station. */
export interface PinnedRoot {
  /** Name of the AS. */
  readonly service: string;
  /** base64url of 32 bytes. */
  readonly root: string;
}

/** A root key that the reader may choose. */
export interface TrustedRoot {
  /** Name of the AS, or "Typed in". */
  readonly name: string;
  /** Fingerprint of the key, 32 hex digits (docs/protocol.md clause 9). */
  readonly fingerprint: string;
  /** base64url of 32 bytes. */
  readonly root: string;
}

export class Verification {
  #roots = $state.raw<readonly TrustedRoot[]>([]);
  #verdict = $state.raw<ReportVerdict | undefined>();
  #progress = $state.raw<readonly [done: number, total: number] | undefined>();
  #usedRoot = $state.raw<TrustedRoot | undefined>();
  #isRootRefused = $state.raw(false);
  #refusedFile = $state.raw<FileError | undefined>();

  readonly #pinned: () => Promise<readonly PinnedRoot[]>;
  readonly #verify: Verify;
  /** Number of checks started. A check drops its result if a later one has started. */
  #checks = 0;

  constructor(pinned: () => Promise<readonly PinnedRoot[]>, verify: Verify) {
    this.#pinned = pinned;
    this.#verify = verify;
  }

  /** The pinned root keys of this station, and those that the reader typed. */
  get roots(): readonly TrustedRoot[] {
    return this.#roots;
  }

  /** Verdict of the last check. */
  get verdict(): ReportVerdict | undefined {
    return this.#verdict;
  }

  /** Number of checked rows and number of all rows; undefined unless a check is running. */
  get progress(): readonly [done: number, total: number] | undefined {
    return this.#progress;
  }

  /** The root key that the last check used. */
  get usedRoot(): TrustedRoot | undefined {
    return this.#usedRoot;
  }

  /** Whether the last text that the reader typed is not a root key. */
  get isRootRefused(): boolean {
    return this.#isRootRefused;
  }

  /** Why the last file was refused; undefined if it was read. */
  get refusedFile(): Pick<FileError, 'title' | 'remedy'> | undefined {
    return this.#refusedFile;
  }

  /** Reads the pinned root keys of this station. */
  async readRoots(): Promise<void> {
    this.#roots = (await this.#pinned()).map(({ service, root }) => trustedRoot(service, root));
  }

  /** Adds a root key that the reader typed: 32 bytes in base64url or hex. */
  addRoot(text: string): void {
    const root = parseRoot(text);
    this.#isRootRefused = root === undefined;
    if (root === undefined || this.#roots.some((each) => each.root === root)) return;
    this.#roots = [...this.#roots, trustedRoot(t`Typed in`, root)];
  }

  /**
   * Returns the text of a report file. Returns undefined if the file cannot be read; `refusedFile`
   * then has the reason.
   */
  async open(file: OpenedFile): Promise<string | undefined> {
    this.#refusedFile = undefined;
    this.#verdict = undefined;
    try {
      return await readFile(file);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      this.#refusedFile = error;
      return undefined;
    }
  }

  /** Checks the text of a report file. Sets the verdict unless another check has started. */
  async check(text: string, root: TrustedRoot): Promise<void> {
    const check = ++this.#checks;
    this.#verdict = undefined;
    this.#usedRoot = root;
    this.#progress = [0, 0];
    const progress = (done: number, total: number): void => {
      if (check === this.#checks) this.#progress = [done, total];
    };
    const verdict = await verifyReport(text, fromBase64url(root.root), this.#verify, { progress });
    if (check !== this.#checks) return;
    this.#verdict = verdict;
    this.#progress = undefined;
  }

  /** Returns the checked report as CSV; empty without a verdict. */
  csv(): string {
    return this.#verdict ? writeReportCsv(this.#verdict) : '';
  }
}

function trustedRoot(name: string, root: string): TrustedRoot {
  return { name, root, fingerprint: rootFingerprint(fromBase64url(root)) };
}

/** Returns the root key in base64url, or undefined if the text is not a root key. */
function parseRoot(text: string): string | undefined {
  const digits = readTyped(text);
  const hex = readTypedHex(text);
  if (/^[0-9A-Fa-f]{64}$/.test(hex)) return toBase64url(fromHex(hex));
  // 32 bytes are 43 characters in base64url. The last character encodes only four bits, so its
  // other two bits are 0.
  return /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/.test(digits) ? digits : undefined;
}
