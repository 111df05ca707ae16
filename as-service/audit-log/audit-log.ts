// The audit log: append-only, hash-chained, one JSON line per entry, durable before anyone hears of it. Entries that come together
// share one write and one sync. Knows nothing of what the events mean, nor of who signs its head.
import { toBase64url } from '#protocol/bytes/text.ts';
import type { AuditHeadJson, AuditRecordJson } from '#protocol/service/messages.ts';
import { UserError } from '../common/user-error.ts';
import type { Sealer } from '../storage/sealer.ts';
import { type AuditEntry, type AuditLine, type ChainEnd, encodeLine, hashText } from './audit-line.ts';
import type { LogFile } from './log-file.ts';
import { scanLog } from './scan-log.ts';

export interface AuditEvent {
  readonly event: string;
  readonly actor: string | null;
  readonly details: AuditEntry['details'];
  /** Kept in the log, but sealed: what the service itself needs after a restart. */
  readonly record?: Uint8Array;
}

export interface AuditLogOptions {
  readonly file: LogFile;
  readonly sealer: Pick<Sealer, 'sealRecord'>;
  readonly now: () => Date;
  /** Sees every line that is there already, in order. */
  readonly replay: (line: AuditLine) => void;
}

interface Waiting {
  readonly text: string;
  readonly end: AuditHeadJson;
  readonly resolve: (head: AuditHeadJson) => void;
  readonly reject: (cause: unknown) => void;
}

export class AuditLog {
  readonly #options: AuditLogOptions;
  /** Offset of each line, by sequence − 1, and of the end. */
  readonly #offsets: number[];
  /** The newest entry that has a number, durable or not. */
  #end: ChainEnd;
  #head: AuditHeadJson;
  #waiting: Waiting[] = [];
  #flushing: Promise<void> | undefined;
  #failure: unknown;

  /**
   * Verifies and replays what is there. A torn last line, which only a crash leaves and no answer ever spoke of, is cut off and the
   * cut is recorded.
   * @throws UserError when the chain is broken anywhere else
   */
  static async open(options: AuditLogOptions): Promise<AuditLog> {
    const { end, head, offsets, torn } = await scanLog(options.file, options.replay);
    const log = new AuditLog(options, end, head, offsets);
    if (torn.length > 0) {
      await options.file.truncate(options.file.size - torn.length);
      const details = { octets: torn.length, hash: hashText(Buffer.from(torn).toString('latin1')) };
      await log.append({ event: 'torn-line-cut', actor: null, details });
    }
    return log;
  }

  private constructor(options: AuditLogOptions, end: ChainEnd, head: AuditHeadJson, offsets: number[]) {
    this.#options = options;
    this.#end = end;
    this.#head = head;
    this.#offsets = offsets;
  }

  /** The newest durable entry; sequence 0 while there is none. */
  get head(): AuditHeadJson {
    return this.#head;
  }

  /** Resolves with the entry's own head once it is durable. Rejects for good after the disk failed once: see #flush. */
  append(event: AuditEvent): Promise<AuditHeadJson> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      const { text, end } = this.#encode(event);
      this.#end = end;
      this.#waiting.push({ text, end, resolve, reject });
      this.#flushing ??= this.#flush();
    });
  }

  /** Entries `first` to `last`, both included and both durable, oldest first. */
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

  /** After all that was appended is durable. */
  async close(): Promise<void> {
    await this.#flushing;
    this.#failure ??= new UserError('The audit log is closed.');
    await this.#options.file.close();
  }

  #encode({ event, actor, details, record }: AuditEvent): { text: string; end: AuditHeadJson } {
    const sequence = this.#end.sequence + 1;
    const time = this.#options.now().toISOString();
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
    const { text, hash } = encodeLine(entry, sealed);
    return { text: `${text}\n`, end: { sequence, hash, time } };
  }

  async #flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      // Whatever else is ready in this turn of the loop joins this write.
      await new Promise((resolve) => setImmediate(resolve));
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        await this.#options.file.append(Buffer.from(batch.map(({ text }) => text).join('')));
        await this.#options.file.sync();
      } catch (cause) {
        this.#fail(batch, cause);
        break;
      }
      this.#settle(batch);
    }
    this.#flushing = undefined;
  }

  #settle(batch: readonly Waiting[]): void {
    for (const { text, end, resolve } of batch) {
      this.#offsets.push((this.#offsets.at(-1) ?? 0) + Buffer.byteLength(text));
      this.#head = end;
      resolve(end);
    }
  }

  /** After a failed write or sync nobody knows what is on the disk, and a second sync may lie: the log stays shut until a restart. */
  #fail(batch: readonly Waiting[], cause: unknown): void {
    this.#failure = new Error('the audit log could not be written; the service must be restarted', { cause });
    for (const { reject } of [...batch, ...this.#waiting]) reject(this.#failure);
    this.#waiting = [];
  }
}
