// The AS of one data folder, which the caller has locked. Combines state, audit log, ledgers and
// protocol/as-unit, below HTTP and the CLI.
import { join } from 'node:path';
import { AsUnit } from '#protocol/as-unit/as-unit.ts';
import { TreeKeyCrypto } from '#protocol/as-unit/tree-key-crypto.ts';
import { Mutex } from '#protocol/async/mutex.ts';
import { equalBytes, wipe } from '#protocol/bytes/bytes.ts';
import { toHex } from '#protocol/bytes/hex.ts';
import { fromBase64url } from '#protocol/bytes/text.ts';
import { argon2id } from '#protocol/crypto/argon2.ts';
import { IntegrityError, ProtocolError } from '#protocol/errors.ts';
import { type Envelope, keyId } from '#protocol/signing/envelope.ts';
import type { PasswordKey } from '#protocol/vault/passphrase.ts';
import { type AuditLine, FIRST_PREVIOUS } from '../audit-log/audit-line.ts';
import { AuditLog } from '../audit-log/audit-log.ts';
import type { LogFile } from '../audit-log/log-file.ts';
import type { LogScan } from '../audit-log/scan-log.ts';
import { SharedLock } from '../common/shared-lock.ts';
import { UserError } from '../common/user-error.ts';
import { Exporter, replayRepeat } from '../exports/exporter.ts';
import { createKeyStore } from '../exports/key-store.ts';
import { ServiceMemory } from '../exports/service-memory.ts';
import { decodeExport, Ledger } from '../ledger/ledger.ts';
import { verifyStoredReceipts } from '../ledger/receipt-verdict.ts';
import { codesFromFuture, redateAccessCodes } from '../operators/operators.ts';
import { OrderLedger, replayOrder } from '../orders/order-ledger.ts';
import { Orders } from '../orders/orders.ts';
import type { StateChange, StateChanges } from '../sets/state-changes.ts';
import {
  byPurpose,
  CLOCK_TOLERANCE_MS,
  certify,
  createSigningKey,
  currentSpan,
  expiringKeys,
  isWithin,
  Signatures,
  type Span,
} from '../signing/signing.ts';
import { diskRefusal } from '../storage/disk-error.ts';
import type { Sealer } from '../storage/sealer.ts';
import { type LogPosition, type SigningKeyState, type State, secretsOf } from '../storage/state.ts';
import { StateFile } from '../storage/state-file.ts';
import { replayVault, VaultLedger } from '../vaults/vault-ledger.ts';
import type { ReceiptCheck } from '../vaults/vault-receipts.ts';
import { Vaults } from '../vaults/vaults.ts';
import { chooseState, NewestChange, STATE_FILE, type StateChoice } from './choose-state.ts';

export const LOG_FILE = 'audit.log';
/** A clock that is behind by at most this time causes no notice. */
const CLOCK_NOTICE_MS = 5 * 60_000;

export interface AsOptions {
  readonly directory: string;
  /** close() closes the sealer and wipes its keys. */
  readonly sealer: Sealer;
  readonly logFile: LogFile;
  readonly demoMode: boolean;
  readonly now: () => Date;
  /** Permits a start when the newest log entry is far ahead of the clock. */
  readonly acceptClock?: boolean;
  /** Derives the key of a vault from its passphrase; Argon2id by default. */
  readonly derive?: PasswordKey;
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
  readonly #stateFile: StateFile;
  readonly #check: ReceiptCheck;
  #state: State;
  #signatures: Signatures;
  #certified: Span;
  readonly #lock = new SharedLock();
  readonly #clock = new Mutex();

  /**
   * Closes the log file when it throws.
   * @throws UserError when the state or the log is damaged, or one is older than the other
   */
  static async open(options: AsOptions): Promise<As> {
    try {
      return await As.#open(options);
    } catch (cause) {
      await options.logFile.close();
      throw cause;
    }
  }

  static async #open(options: AsOptions): Promise<As> {
    const { logFile: file, sealer, now } = options;
    const ledgers: Ledgers = { exports: new Ledger(), orders: new OrderLedger(), vaults: new VaultLedger() };
    const newest = new NewestChange();
    const replay = (line: AuditLine) => {
      newest.add(line.entry);
      replayLine(line, ledgers, sealer);
    };
    const stateFile = new StateFile(join(options.directory, STATE_FILE), sealer);
    const [stored, next] = [await stateFile.read(), await stateFile.readNext()];
    let choice: StateChoice = { state: undefined, finish: false, lost: false };
    let unauthenticated: LogPosition = { sequence: 0, hash: FIRST_PREVIOUS };
    const accept = (scan: LogScan) => {
      choice = chooseState(newest, scan, stored, next);
      unauthenticated = { sequence: scan.unauthenticated.sequence, hash: scan.unauthenticated.hash };
      requireClock(scan.head.time, now(), options.acceptClock === true);
    };
    const log = await AuditLog.open({ file, sealer, now, replay, accept });
    const newestTime = log.head.time;
    const { state, finish, lost } = choice;
    if (finish) await stateFile.finish();
    await stateFile.removeLeftovers();
    if (lost) await log.append({ event: 'change-lost', actor: null, details: { revision: newest.revision } });
    const as = new As(options, log, ledgers, stateFile, withAllKeys(state ?? emptyState()));
    if (state === undefined) await as.#create(unauthenticated);
    else if (state.unauthenticated === undefined) await as.#authenticateLog(unauthenticated);
    await as.#recordClock(newestTime);
    await as.followClock();
    return as;
  }

  private constructor(options: AsOptions, log: AuditLog, ledgers: Ledgers, stateFile: StateFile, state: State) {
    this.#options = options;
    this.#stateFile = stateFile;
    this.demoMode = options.demoMode;
    this.now = options.now;
    this.log = log;
    this.ledger = ledgers.exports;
    this.#state = state;
    this.#signatures = new Signatures(state);
    this.#certified = currentSpan(state);
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

  /** The current audit head, signed. */
  signHead(): Promise<Envelope> {
    return this.#signatures.signHead(this.log.head);
  }

  /**
   * Makes one change at a time, while no export is in progress. The audit entry of the change names
   * the new state, and the change is complete once that entry is durable. A crash before that
   * changes nothing. After a later crash, the next start installs the new state.
   * @throws UserError when the disk refuses the change
   */
  async change({ event, actor, details, next }: StateChange): Promise<void> {
    await this.#lock.exclusive(async () => {
      // After a failed write, the log on disk may name the prepared state of that change. prepare()
      // must not overwrite it.
      this.log.requireWritable();
      const revision = this.#state.revision + 1;
      const state: State = { ...next(this.#state), revision };
      const hash = await this.#stateFile.prepare(state).catch((cause: unknown) => {
        throw diskRefusal(cause, 'Nothing was changed.');
      });
      await this.log.append({ event, actor, details: { ...details, revision, state: hash } });
      this.#state = state;
      this.#signatures = new Signatures(state);
      this.#certified = currentSpan(state);
      await this.#stateFile.finish();
    });
  }

  /** Waits for pending changes, closes the log and wipes every key. */
  async close(): Promise<void> {
    await this.#lock.idle();
    await this.log.close();
    wipe(...secretsOf(this.#state));
    this.#options.sealer.close();
  }

  async #create(unauthenticated: LogPosition): Promise<void> {
    const { root } = this.#state;
    const details = { root: keyId(root.publicKey), rootKey: toHex(root.publicKey) };
    const next = (state: State) => ({ ...state, unauthenticated });
    await this.change({ event: 'service-created', actor: null, details, next });
  }

  /**
   * Entries written by versions up to 0.1.0 have no MAC. Stores the hash of the last of them in the
   * sealed state, so that a later change is detected.
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
   * Replaces signing keys whose certificates expire within half a year or were issued while the
   * clock was ahead of now. Also corrects access codes that were issued then. Called at the start
   * and before each request.
   */
  followClock(): Promise<void> {
    const now = this.now();
    if (isWithin(this.#certified, now) && codesFromFuture(this.#state, now) === 0) return Promise.resolve();
    return this.#clock.run(async () => {
      await this.#renewSigningKeys();
      if (codesFromFuture(this.#state, this.now()) > 0) await redateAccessCodes(this);
    });
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

  async #renewSigningKeys(): Promise<void> {
    for (const purpose of expiringKeys(this.#state, this.now())) {
      const { root, asNumber } = this.#state;
      const key = createSigningKey();
      const certificate = await certify(root, purpose, key.publicKey, asNumber, this.now());
      await this.change({
        event: 'signing-key-certified',
        actor: null,
        details: { purpose, keyId: keyId(key.publicKey) },
        next: (state) => ({
          ...state,
          signingKeys: { ...state.signingKeys, [purpose]: key },
          earlierVerdictKeys: purpose === 'verdict' ? withVerdictKey(state) : (state.earlierVerdictKeys ?? []),
          certificates: [...state.certificates, certificate],
        }),
      });
    }
  }
}

function emptyState(): State {
  const root = createSigningKey();
  return {
    revision: 0,
    asNumber: 0,
    name: 'Keyferry AS',
    root,
    signingKeys: byPurpose(() => root),
    certificates: [],
    sets: [],
    operators: [],
  };
}

/**
 * Adds signing keys for the purposes that an earlier version did not have. The root key is only a
 * placeholder: no certificate names it for the purpose, so open() replaces it before the first use.
 */
function withAllKeys(state: State): State {
  return { ...state, signingKeys: { ...byPurpose(() => state.root), ...state.signingKeys } };
}

/**
 * The earlier verdict keys, with the key that is replaced now. Excludes the root key, which is only
 * the placeholder of withAllKeys().
 */
function withVerdictKey({ root, signingKeys: { verdict }, earlierVerdictKeys = [] }: State): SigningKeyState[] {
  return equalBytes(verdict.publicKey, root.publicKey) ? [...earlierVerdictKeys] : [verdict, ...earlierVerdictKeys];
}

/** @throws UserError when the clock is far behind the newest entry, and was not accepted */
function requireClock(newest: string, clock: Date, accepted: boolean): void {
  if (accepted || Date.parse(newest) - clock.getTime() <= CLOCK_TOLERANCE_MS) return;
  throw new UserError(
    `The clock of this machine says ${clock.toISOString()}, but the newest entry of the audit log is of ${newest}. Set the clock right, then start again. If this clock is right, start the service once with --accept-clock. Nothing was modified.`,
  );
}

/** The indexes of the records in the audit log. Each start computes them by replay. */
interface Ledgers {
  readonly exports: Ledger;
  readonly orders: OrderLedger;
  readonly vaults: VaultLedger;
}

function replayLine(line: AuditLine, { exports, orders, vaults }: Ledgers, sealer: Sealer): void {
  const { entry, sealed } = line;
  const { event, time, details, sequence } = entry;
  const open = () => {
    try {
      return sealer.openRecord(sequence, Buffer.from(sealed ?? '', 'base64url'));
    } catch (cause) {
      if (cause instanceof IntegrityError) throw unreadable(sequence, cause);
      throw cause;
    }
  };
  if (event === 'export') {
    const { record, origin } = decodeExport(open());
    exports.addExport(record, origin, time);
  } else if (event === 'export-repeated') {
    replayRepeat(exports, open());
  } else if (event === 'receipt') {
    exports.addReceipt(Number(details.xc), fromBase64url(String(details.receipt)), time);
  } else {
    replayOrder(orders, line, open);
    replayVault(vaults, entry, open);
  }
}

function unreadable(sequence: number, cause: unknown): UserError {
  return new UserError(
    `The sealed part of entry ${sequence} of the audit log does not open: the log was changed. Keep this copy as evidence, and restore the folder from a backup.`,
    { cause },
  );
}
