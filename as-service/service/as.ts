// The AS of one data folder, which the caller has locked. Combines state, audit log, ledgers and
// protocol/as-unit, below HTTP and the CLI.
import { join } from 'node:path';
import { AsUnit } from '#protocol/as-unit/as-unit.ts';
import { TreeKeyCrypto } from '#protocol/as-unit/tree-key-crypto.ts';
import { Mutex } from '#protocol/async/mutex.ts';
import { toHex } from '#protocol/bytes/hex.ts';
import { toBase64url } from '#protocol/bytes/text.ts';
import { argon2id } from '#protocol/crypto/argon2.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type { SignedLogJson } from '#protocol/service/messages.ts';
import { keyId } from '#protocol/signing/envelope.ts';
import type { PasswordKey } from '#protocol/vault/passphrase.ts';
import { type AuditLine, FIRST_PREVIOUS } from '../audit-log/audit-line.ts';
import { AuditLog } from '../audit-log/audit-log.ts';
import type { LogFile } from '../audit-log/log-file.ts';
import type { LogScan } from '../audit-log/scan-log.ts';
import { SharedLock } from '../common/shared-lock.ts';
import { UserError } from '../common/user-error.ts';
import { Exporter } from '../exports/exporter.ts';
import { createKeyStore } from '../exports/key-store.ts';
import { ServiceMemory } from '../exports/service-memory.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { verifyStoredReceipts } from '../ledger/receipt-verdict.ts';
import { codesFromFuture, redateAccessCodes } from '../operators/operators.ts';
import { Orders } from '../orders/orders.ts';
import type { StateChange, StateChanges } from '../sets/state-changes.ts';
import { CLOCK_TOLERANCE_MS, certifiedSpan, isWithin, Signatures, type Span } from '../signing/signing.ts';
import { diskRefusal } from '../storage/disk-error.ts';
import type { Sealer } from '../storage/sealer.ts';
import { type LogPosition, type State, wipeSecrets } from '../storage/state.ts';
import { StateFile, type StoredState } from '../storage/state-file.ts';
import type { ReceiptCheck } from '../vaults/vault-receipts.ts';
import { Vaults } from '../vaults/vaults.ts';
import { chooseState, NewestChange, STATE_FILE, type StateChoice } from './choose-state.ts';
import { emptyLedgers, type Ledgers, replayLine, signedRecords } from './replay.ts';
import { dropCertificates, emptyState, renewSigningKeys, withAllKeys } from './signing-keys.ts';

export const LOG_FILE = 'audit.log';
/** Maximum time that the clock may be behind the log without a notice. */
const CLOCK_NOTICE_MS = 5 * 60_000;
/**
 * After the disk has refused a renewal, the service does not retry for this time, in milliseconds.
 */
const RETRY_MS = 60_000;

export interface AsOptions {
  readonly directory: string;
  /** close() closes the sealer and wipes its keys. */
  readonly sealer: Sealer;
  readonly logFile: LogFile;
  readonly demoMode: boolean;
  readonly now: () => Date;
  /** Whether to start even if the newest log entry is far ahead of the clock. */
  readonly acceptClock?: boolean;
  /** Derives the key of a vault from its passphrase; Argon2id by default. */
  readonly derive?: PasswordKey;
}

/** What a start reads from the disk. */
interface StartData {
  readonly log: AuditLog;
  readonly ledgers: Ledgers;
  readonly stateFile: StateFile;
  readonly choice: StateChoice;
  readonly unauthenticated: LogPosition;
  /** Revision of the newest change in the log. */
  readonly revision: number;
  /** Time of the newest entry before this start. */
  readonly newestTime: string;
}

export class As implements StateChanges {
  readonly demoMode: boolean;
  readonly log: AuditLog;
  readonly ledger: Ledger;
  readonly exporter: Exporter;
  readonly orders: Orders;
  readonly vaults: Vaults;
  readonly now: () => Date;
  /** Sentences about this start that the terminal shows to the administrator. */
  readonly notices: string[] = [];
  readonly #options: AsOptions;
  readonly #ledgers: Ledgers;
  readonly #stateFile: StateFile;
  readonly #check: ReceiptCheck;
  #state: State;
  #signatures: Signatures;
  #certified: Span;
  readonly #lock = new SharedLock();
  readonly #clock = new Mutex();
  /** When the disk refused the last renewal, in milliseconds since the epoch. */
  #refusedAt = Number.NEGATIVE_INFINITY;

  /**
   * Opens the AS. If that fails, closes the log file and the sealer, and wipes every key.
   * @throws UserError when the state or the log is damaged, or one is older than the other
   */
  static async open(options: AsOptions): Promise<As> {
    const { logFile, sealer } = options;
    try {
      const data = await As.#read(options);
      const as = new As(options, data);
      await as.#begin(data).catch((cause: unknown) => {
        wipeSecrets(as.#state);
        throw cause;
      });
      return as;
    } catch (cause) {
      sealer.close();
      await logFile.close();
      throw cause;
    }
  }

  /** Replays the log and chooses the state. Wipes the secrets of the state that is not chosen. */
  static async #read({ directory, logFile: file, sealer, now, acceptClock = false }: AsOptions): Promise<StartData> {
    const ledgers = emptyLedgers();
    const newest = new NewestChange();
    const replay = (line: AuditLine) => {
      newest.add(line.entry);
      replayLine(line, ledgers, sealer);
    };
    const stateFile = new StateFile(join(directory, STATE_FILE), sealer);
    const candidates: (StoredState | undefined)[] = [];
    let choice: StateChoice = { state: undefined, finish: false, lost: false };
    let unauthenticated: LogPosition = { sequence: 0, hash: FIRST_PREVIOUS };
    const wipeOthers = (chosen: State | undefined) => {
      for (const each of candidates) if (each !== undefined && each.state !== chosen) wipeSecrets(each.state);
    };
    try {
      candidates.push(await stateFile.read());
      candidates.push(await stateFile.readNext());
      const accept = (scan: LogScan) => {
        choice = chooseState(newest, scan, candidates[0], candidates[1]);
        unauthenticated = { sequence: scan.unauthenticated.sequence, hash: scan.unauthenticated.hash };
        requireClock(scan.head.time, now(), acceptClock);
      };
      const log = await AuditLog.open({ file, sealer, now, replay, accept });
      wipeOthers(choice.state);
      return { log, ledgers, stateFile, choice, unauthenticated, revision: newest.revision, newestTime: log.head.time };
    } catch (cause) {
      wipeOthers(undefined);
      throw cause;
    }
  }

  private constructor(options: AsOptions, { log, ledgers, stateFile, choice }: StartData) {
    const state = withAllKeys(choice.state ?? emptyState());
    this.#options = options;
    this.#ledgers = ledgers;
    this.#stateFile = stateFile;
    this.demoMode = options.demoMode;
    this.now = options.now;
    this.log = log;
    this.ledger = ledgers.exports;
    this.#state = state;
    this.#signatures = new Signatures(state);
    this.#certified = certifiedSpan(state);
    const { demoMode, now, derive = argon2id } = options;
    const signatures = () => this.#signatures;
    const base = { ledger: ledgers.exports, log, lock: this.#lock, demoMode, now };
    const common = { ...base, state: () => this.#state, signatures };
    const { orders, vaults } = ledgers;
    const keys = createKeyStore(common.state, signatures);
    const crypto = new TreeKeyCrypto(keys);
    const check = { crypto, keys, verified: new WeakSet() };
    const memory = new ServiceMemory({ ...common, ...check, orders });
    this.exporter = new Exporter({ ...common, ...check, memory, unit: new AsUnit(memory, crypto) });
    this.orders = new Orders({ ...common, orders, vaults, check });
    this.vaults = new Vaults({ ...common, vaults, check, derive });
    this.#check = check;
  }

  get state(): State {
    return this.#state;
  }

  get signatures(): Signatures {
    return this.#signatures;
  }

  /** False once the disk has refused an entry of the audit log. */
  get isReady(): boolean {
    return !this.log.hasFailed;
  }

  /** Returns the checkpoint of the log: a signed note. */
  signCheckpoint(): Promise<string> {
    const size = this.log.head.sequence;
    return this.#signatures.signCheckpoint({ size, root: this.log.tree.rootOf(size) });
  }

  /**
   * Returns the current audit head, signed. If a station names the size of the log that it saw,
   * also returns the proof that the log begins with those entries.
   */
  async signLog(seen?: number): Promise<SignedLogJson> {
    const { head, tree } = this.log;
    const isProvable = seen !== undefined && seen <= head.sequence;
    const consistency = isProvable ? tree.consistencyProof(seen, head.sequence).map(toBase64url) : undefined;
    const auditHead = await this.#signatures.signHead(this.log.withTreeRoot(head));
    return { auditHead, ...(consistency === undefined ? {} : { consistency }) };
  }

  /** Completes a change that a crash interrupted. Then makes the changes that this start needs. */
  async #begin({ choice, unauthenticated, revision, newestTime }: StartData): Promise<void> {
    const { state, finish, lost } = choice;
    if (finish) await this.#stateFile.finish();
    await this.#stateFile.removeLeftovers();
    if (lost) await this.log.append({ event: 'change-lost', actor: null, details: { revision } });
    if (state === undefined) await this.#create(unauthenticated);
    else if (state.unauthenticated === undefined) await this.#authenticateLog(unauthenticated);
    await this.#recordClock(newestTime);
    const refused = await this.#clock.run(() => this.#renew());
    if (refused !== undefined) this.notices.push(refused.message);
  }

  /**
   * Makes one change at a time, while no export is in progress. The audit entry of the change
   * contains the hash of the new state, and the change is complete once that entry is durable. If
   * the service crashes before that, nothing has changed. If it crashes afterwards, the next start
   * installs the new state.
   * @throws UserError when the disk refuses the change
   */
  async change({ event, actor, details, next }: StateChange): Promise<void> {
    await this.#lock.exclusive(async () => {
      const before = this.#state;
      const revision = before.revision + 1;
      const state: State = { ...next(before), revision };
      try {
        // After a failed write, the log on disk may name the prepared state of that change.
        // prepare() must not overwrite that state.
        this.log.requireWritable();
        const hash = await this.#stateFile.prepare(state).catch((cause: unknown) => {
          throw diskRefusal(cause, 'Nothing was changed.');
        });
        await this.log.append({ event, actor, details: { ...details, revision, state: hash } });
      } catch (cause) {
        wipeSecrets(state, before);
        throw cause;
      }
      this.#state = state;
      wipeSecrets(before, state);
      this.#signatures = new Signatures(state);
      this.#certified = certifiedSpan(state);
      await this.#stateFile.finish();
    });
  }

  /** Waits for pending changes, closes the log and wipes every key. */
  async close(): Promise<void> {
    await this.#lock.idle();
    try {
      await this.log.close();
    } finally {
      wipeSecrets(this.#state);
      this.#options.sealer.close();
    }
  }

  async #create(unauthenticated: LogPosition): Promise<void> {
    const { root } = this.#state;
    const details = { root: keyId(root.publicKey), rootKey: toHex(root.publicKey) };
    const next = (state: State) => ({ ...state, unauthenticated });
    await this.change({ event: 'service-created', actor: null, details, next });
  }

  /**
   * Stores the hash of the last entry without a MAC in the sealed state, so that a later change of
   * such entries is detected. Only versions up to 0.1.0 wrote them.
   * @throws UserError when a receipt among them is forged
   */
  async #authenticateLog(unauthenticated: LogPosition): Promise<void> {
    await verifyStoredReceipts(this.ledger, this.#check.crypto, this.#check.verified).catch((cause: unknown) => {
      throw cause instanceof ProtocolError ? new UserError(cause.message, { cause }) : cause;
    });
    const { sequence: entries, hash } = unauthenticated;
    const next = (state: State) => ({ ...state, unauthenticated });
    await this.change({ event: 'log-authenticated', actor: null, details: { entries, head: hash }, next });
    this.notices.push(
      `Entries 1 to ${entries} of the audit log are from version 0.1.0 or earlier.`,
      'They were not authenticated. From now on the service detects every change of them.',
      'Did this service run a newer version before? Then old files were put back: inform an auditor.',
    );
  }

  /**
   * Replaces signing keys whose certificates expire within half a year, or were issued while the
   * clock was ahead. Also corrects access codes that were issued while the clock was ahead. Called
   * at the start and before each request.
   * If the disk refuses a change although every present key is certified, resolves with the
   * refusal. Retries after RETRY_MS at the earliest.
   * @throws UserError when the disk refuses a change and a present key is not certified
   */
  async followClock(): Promise<UserError | undefined> {
    const now = this.now();
    if (isWithin(this.#certified, now) && codesFromFuture(this.#state, now) === 0) return undefined;
    return this.#clock.run(() => this.#renew());
  }

  /** Does the work of followClock(), unless the disk has just refused it. */
  async #renew(): Promise<UserError | undefined> {
    const isCertified = isWithin(certifiedSpan(this.#state, 0), this.now());
    if (isCertified && Math.abs(this.now().getTime() - this.#refusedAt) < RETRY_MS) return undefined;
    try {
      await renewSigningKeys(this);
      await dropCertificates(this, () => signedRecords(this.#ledgers));
      // findOperator() refuses such a code until it is corrected.
      if (codesFromFuture(this.#state, this.now()) > 0) await redateAccessCodes(this);
      return undefined;
    } catch (cause) {
      if (!isCertified || !(cause instanceof UserError)) throw cause;
      this.#refusedAt = this.now().getTime();
      const { until } = certifiedSpan(this.#state, 0);
      return new UserError(
        `The service could not renew its certificates, and uses the present ones, which end at ${new Date(until).toISOString()}. ${cause.message}`,
        { cause },
      );
    }
  }

  /**
   * Records that the clock is behind the log. `newest` is the time of the newest entry before this
   * start.
   */
  async #recordClock(newest: string): Promise<void> {
    const clock = this.now();
    const behind = Date.parse(newest) - clock.getTime();
    if (behind <= CLOCK_NOTICE_MS) return;
    const isAccepted = behind > CLOCK_TOLERANCE_MS;
    const event = isAccepted ? 'clock-accepted' : 'clock-behind';
    const details = { clock: clock.toISOString(), newest };
    await this.log.append({ event, actor: null, details, setsTimeBack: isAccepted });
    this.notices.push(
      `The clock of this machine says ${clock.toISOString()}.`,
      `The newest entry of the audit log is of ${newest}. Set the clock right if it is wrong.`,
      ...(isAccepted ? [] : ['New entries have that time until the clock reaches it.']),
    );
  }
}

/** @throws UserError when the clock is far behind the newest entry, unless `accepted` is true */
function requireClock(newest: string, clock: Date, accepted: boolean): void {
  if (accepted || Date.parse(newest) - clock.getTime() <= CLOCK_TOLERANCE_MS) return;
  throw new UserError(
    `The clock of this machine says ${clock.toISOString()}, but the newest entry of the audit log is of ${newest}. Set the clock right, then start again. If this clock is right, start the service once with --accept-clock. Nothing was modified.`,
  );
}
