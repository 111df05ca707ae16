// The audit log: an append-only file with one JSON line per entry, chained by hashes
// (docs/protocol.md clause 6). append() resolves once the entry is durable. Concurrent entries
// share one write and sync.
import { toBase64url } from '#protocol/bytes/text.ts';
import { leafHash } from '#protocol/log/merkle.ts';
import { LogTree } from '#protocol/log/tree.ts';
import type { AuditHeadJson, AuditRecordJson } from '#protocol/service/messages.ts';
import { UserError } from '../common/user-error.ts';
import { describeDiskError } from '../storage/disk-error.ts';
import type { Sealer } from '../storage/sealer.ts';
import {
  type AuditEntry,
  type AuditLine,
  type ChainEnd,
  encodeLine,
  hashText,
  type LineAuthenticator,
  leafOf,
} from './audit-line.ts';
import type { LogFile } from './log-file.ts';
import { type LogScan, scanLog } from './scan-log.ts';

export interface AuditEvent {
  readonly event: string;
  readonly actor: string | null;
  readonly details: AuditEntry['details'];
  /** Data that the service needs after a restart. The log contains this data in sealed form. */
  readonly record?: Uint8Array;
  /** Whether the entry takes the time of the clock even if the previous entry has a later time. */
  readonly setsTimeBack?: boolean;
}

export interface AuditLogOptions {
  readonly file: LogFile;
  readonly sealer: Pick<Sealer, 'sealRecord'> & LineAuthenticator;
  readonly now: () => Date;
  /** Receives each existing line, oldest first. */
  readonly replay: (line: AuditLine) => void;
  /** Called after the replay and before the first write. If it throws, the file is unchanged. */
  readonly accept?: (scan: LogScan) => void;
}

interface PendingEntry {
  readonly text: string;
  /** Hash of the entry's leaf. */
  readonly leaf: Uint8Array;
  readonly end: AuditHeadJson;
  readonly resolve: (head: AuditHeadJson) => void;
  readonly reject: (cause: unknown) => void;
}

export class AuditLog {
  readonly #options: AuditLogOptions;
  /**
   * Byte offsets in the file. Element `sequence − 1` is the start of that entry's line. The last
   * element is the end of the last line.
   */
  readonly #offsets: number[];
  /** The newest entry, durable or pending. */
  #end: ChainEnd;
  /** Contains the durable entries. Leaf `sequence − 1` is the entry. */
  readonly #tree: LogTree;
  #head: AuditHeadJson;
  /** Time of the newest entry, durable or pending. */
  #time: string;
  #pending: PendingEntry[] = [];
  #flushing: Promise<void> | undefined;
  #failure: UserError | undefined;
  #reportFailure: (failure: UserError) => void = () => undefined;
  /**
   * Resolves when a write has failed. The log then refuses every entry, and the service must end.
   */
  readonly failed = new Promise<UserError>((resolve) => {
    this.#reportFailure = resolve;
  });

  /**
   * Verifies and replays the existing entries. Truncates an incomplete last line, and records the
   * truncation in the log. Only a crash leaves such a line. append() has not resolved for it, so no
   * accepted entry is lost.
   * @throws UserError when the chain is broken anywhere else, or a MAC is wrong
   */
  static async open(options: AuditLogOptions): Promise<AuditLog> {
    const tree = new LogTree();
    const replay = (line: AuditLine) => {
      tree.append(leafHash(leafOf(line.entry)));
      options.replay(line);
    };
    const scan = await scanLog(options.file, replay, options.sealer);
    options.accept?.(scan);
    const log = new AuditLog(options, scan, tree);
    const { torn } = scan;
    if (torn.length > 0) {
      await options.file.truncate(options.file.size - torn.length);
      const details = { bytes: torn.length, hash: hashText(Buffer.from(torn).toString('latin1')) };
      await log.append({ event: 'torn-line-cut', actor: null, details });
    }
    return log;
  }

  private constructor(options: AuditLogOptions, { end, head, offsets }: LogScan, tree: LogTree) {
    this.#options = options;
    this.#tree = tree;
    this.#end = end;
    this.#head = head;
    this.#time = head.time;
    this.#offsets = offsets;
  }

  /** The newest durable entry; sequence 0 in an empty log. */
  get head(): AuditHeadJson {
    return this.#head;
  }

  /** Returns the head with the root of its tree: what the service signs. */
  withTreeRoot(head: AuditHeadJson = this.#head): AuditHeadJson {
    return { ...head, treeRoot: toBase64url(this.#tree.rootOf(head.sequence)) };
  }

  /** The Merkle tree of the durable entries. */
  get tree(): Pick<LogTree, 'size' | 'rootOf' | 'inclusionProof' | 'consistencyProof' | 'tile'> {
    return this.#tree;
  }

  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  /** @throws UserError after a failed write, and after close() */
  requireWritable(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /**
   * Appends an entry. Resolves with the audit head of the entry once the entry is durable. Rejects
   * every entry after a failed write.
   */
  append(event: AuditEvent): Promise<AuditHeadJson> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      const { text, leaf, end } = this.#encode(event);
      this.#end = end;
      this.#pending.push({ text, leaf, end, resolve, reject });
      this.#flushing ??= this.#flush();
    });
  }

  /**
   * Returns the number of the oldest entry of a page that ends with entry `last`, and has at most
   * `maxEntries` entries and `maxBytes` bytes, but at least one entry.
   */
  firstWithin(last: number, maxEntries: number, maxBytes: number): number {
    const end = this.#offsets[last] ?? 0;
    let first = Math.max(1, last);
    const mayAdd = () => last - first + 1 < maxEntries && end - (this.#offsets[first - 2] ?? 0) <= maxBytes;
    while (first > 1 && mayAdd()) first--;
    return first;
  }

  /**
   * Returns the entries `first` to `last` inclusive, oldest first.
   * @throws RangeError when one of them is not a durable entry
   */
  async read(first: number, last: number): Promise<AuditRecordJson[]> {
    const from = this.#offsets[first - 1];
    const to = this.#offsets[last];
    if (from === undefined || to === undefined) throw new RangeError(`there are no entries ${first} to ${last}`);
    const content = Buffer.from(await this.#options.file.read(from, to - from)).toString('utf8');
    return content.split('\n', last - first + 1).map((text) => {
      const { entry, hash } = JSON.parse(text) as AuditLine;
      return { entry, hash };
    });
  }

  /** Waits for pending entries, then closes the file. */
  async close(): Promise<void> {
    await this.#flushing;
    const hadFailed = this.#failure !== undefined;
    this.#failure ??= new UserError('The audit log is closed.');
    // After a failed write, closing the file may report the same error again.
    await this.#options.file.close().catch((cause: unknown) => {
      if (!hadFailed) throw cause;
    });
  }

  #encode({ event, actor, details, record, setsTimeBack }: AuditEvent): Pick<PendingEntry, 'text' | 'leaf' | 'end'> {
    const sequence = this.#end.sequence + 1;
    const clock = this.#options.now().toISOString();
    // If the clock was set back, the entry takes the time of the newest entry, so that times in the
    // log never decrease.
    const time = setsTimeBack === true || clock > this.#time ? clock : this.#time;
    this.#time = time;
    const sealed = record === undefined ? undefined : toBase64url(this.#options.sealer.sealRecord(sequence, record));
    const entry: AuditEntry = {
      sequence,
      time,
      previous: this.#end.hash,
      event,
      actor,
      details,
      ...(sealed === undefined ? {} : { sealed: hashText(sealed) }),
    };
    const { text, hash } = encodeLine(entry, sealed, (covered) => this.#options.sealer.macOf(covered));
    return { text: `${text}\n`, leaf: leafHash(leafOf(entry)), end: { sequence, hash, time } };
  }

  async #flush(): Promise<void> {
    while (this.#pending.length > 0) {
      // Entries that are appended in the same turn of the event loop join this write.
      await new Promise((resolve) => setImmediate(resolve));
      const batch = this.#pending;
      this.#pending = [];
      try {
        await this.#options.file.append(Buffer.from(batch.map(({ text }) => text).join('')));
        await this.#options.file.sync();
      } catch (cause) {
        this.#fail(batch, cause);
        await this.#removeRefused();
        break;
      }
      this.#settle(batch);
    }
    this.#flushing = undefined;
  }

  #settle(batch: readonly PendingEntry[]): void {
    for (const { text, leaf, end, resolve } of batch) {
      this.#offsets.push((this.#offsets.at(-1) ?? 0) + Buffer.byteLength(text));
      this.#tree.append(leaf);
      this.#head = end;
      resolve(end);
    }
  }

  /**
   * Refuses these entries and all later ones until a restart, because after a failed sync the
   * kernel may drop the dirty pages and report the next sync as successful
   * (https://lwn.net/Articles/752063/).
   */
  #fail(batch: readonly PendingEntry[], cause: unknown): void {
    const why = describeDiskError(cause) ?? 'The audit log could not be written';
    this.#failure = new UserError(`${why}. The service ends and must be restarted. No entry in the log is lost.`, {
      cause,
    });
    this.#reportFailure(this.#failure);
    for (const { reject } of [...batch, ...this.#pending]) reject(this.#failure);
  }

  /**
   * Removes the refused entries from the file, if the disk permits it. Otherwise a restart could
   * read these entries from the page cache of the system and append new ones. The next loss of
   * power would then remove the refused and the new entries.
   */
  async #removeRefused(): Promise<void> {
    await this.#options.file.truncate(this.#offsets.at(-1) ?? 0).catch(() => undefined);
  }
}
