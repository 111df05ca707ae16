// The AS of one data folder, which the caller has locked. Combines state, audit log, ledgers and
// protocol/as-unit, below HTTP and the CLI.
import { join } from 'node:path';
import { AsUnit } from '#protocol/as-unit/as-unit.ts';
import { TreeKeyCrypto } from '#protocol/as-unit/tree-key-crypto.ts';
import { Mutex } from '#protocol/async/mutex.ts';
import { wipe } from '#protocol/bytes/bytes.ts';
import { toHex } from '#protocol/bytes/hex.ts';
import { fromBase64url } from '#protocol/bytes/text.ts';
import { argon2id } from '#protocol/crypto/argon2.ts';
import { IntegrityError } from '#protocol/errors.ts';
import { type Envelope, keyId } from '#protocol/signing/envelope.ts';
import type { PasswordKey } from '#protocol/vault/passphrase.ts';
import type { AuditEntry, AuditLine } from '../audit-log/audit-line.ts';
import { AuditLog } from '../audit-log/audit-log.ts';
import type { LogFile } from '../audit-log/log-file.ts';
import { UserError } from '../common/user-error.ts';
import { Exporter, replayRepeat } from '../exports/exporter.ts';
import { createKeyStore } from '../exports/key-store.ts';
import { ServiceMemory } from '../exports/service-memory.ts';
import { decodeExport, Ledger } from '../ledger/ledger.ts';
import { OrderLedger, replayOrder } from '../orders/order-ledger.ts';
import { Orders } from '../orders/orders.ts';
import type { StateChange, StateChanges } from '../sets/state-changes.ts';
import { byPurpose, certify, createSigningKey, expiringKeys, Signatures } from '../signing/signing.ts';
import type { Sealer } from '../storage/sealer.ts';
import { type State, secretsOf } from '../storage/state.ts';
import { readState, writeState } from '../storage/state-file.ts';
import { replayVault, VaultLedger } from '../vaults/vault-ledger.ts';
import { Vaults } from '../vaults/vaults.ts';

export const STATE_FILE = 'state.sealed';
export const LOG_FILE = 'audit.log';

export interface AsOptions {
  readonly directory: string;
  /** close() closes the sealer and wipes its keys. */
  readonly sealer: Sealer;
  readonly logFile: LogFile;
  readonly demoMode: boolean;
  readonly now: () => Date;
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
  readonly #options: AsOptions;
  #state: State;
  #signatures: Signatures;
  readonly #changes = new Mutex();

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
    let revision = 0;
    const replay = (line: AuditLine) => {
      revision = revisionAfter(line.entry, revision);
      replayLine(line, ledgers, sealer);
    };
    const state = await readState(join(options.directory, STATE_FILE), sealer);
    const log = await AuditLog.open({ file, sealer, now, replay });
    const stored = state?.revision ?? 0;
    if (revision === stored + 1) {
      // A crash after the entry and before the state file: the change did not happen.
      await log.append({ event: 'change-lost', actor: null, details: { revision } });
    } else if (revision !== stored) {
      throw mismatch(revision, state?.revision);
    }
    const as = new As(options, log, ledgers, withAllKeys(state ?? emptyState()));
    if (state === undefined) await as.#create();
    await as.#renewSigningKeys();
    return as;
  }

  private constructor(options: AsOptions, log: AuditLog, ledgers: Ledgers, state: State) {
    this.#options = options;
    this.demoMode = options.demoMode;
    this.now = options.now;
    this.log = log;
    this.ledger = ledgers.exports;
    this.#state = state;
    this.#signatures = new Signatures(state);
    const { demoMode, now, derive = argon2id } = options;
    const signatures = () => this.#signatures;
    const common = { ledger: ledgers.exports, log, state: () => this.#state, signatures, demoMode, now };
    const { orders, vaults } = ledgers;
    const keys = createKeyStore(common.state, signatures);
    const crypto = new TreeKeyCrypto(keys);
    const unit = new AsUnit(new ServiceMemory({ ...common, orders }), crypto);
    this.exporter = new Exporter({ ...common, unit });
    this.orders = new Orders({ ...common, orders, vaults });
    this.vaults = new Vaults({ ...common, vaults, check: { crypto, keys }, derive });
  }

  get state(): State {
    return this.#state;
  }

  get signatures(): Signatures {
    return this.#signatures;
  }

  /** The current audit head, signed. */
  signHead(): Promise<Envelope> {
    return this.#signatures.signHead(this.log.head);
  }

  /**
   * Makes one change at a time: first the audit entry with the next revision, then the state file.
   * The next start detects and records a crash between the two.
   */
  async change({ event, actor, details, next }: StateChange): Promise<void> {
    await this.#changes.run(async () => {
      const revision = this.#state.revision + 1;
      const state: State = { ...next(this.#state), revision };
      await this.log.append({ event, actor, details: { ...details, revision } });
      try {
        await writeState(join(this.#options.directory, STATE_FILE), this.#options.sealer, state);
      } catch (cause) {
        await this.log.append({ event: 'change-lost', actor: null, details: { revision } });
        throw cause;
      }
      this.#state = state;
      this.#signatures = new Signatures(state);
    });
  }

  /** Waits for pending changes, closes the log and wipes every key. */
  async close(): Promise<void> {
    await this.#changes.idle();
    await this.log.close();
    wipe(...secretsOf(this.#state));
    this.#options.sealer.close();
  }

  async #create(): Promise<void> {
    const { root } = this.#state;
    const details = { root: keyId(root.publicKey), rootKey: toHex(root.publicKey) };
    await this.change({ event: 'service-created', actor: null, details, next: (state) => state });
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
 * Adds the keys of newer purposes to a state of an earlier version. The root key takes their place:
 * without a certificate for the purpose, open() replaces it before the first use.
 */
function withAllKeys(state: State): State {
  return { ...state, signingKeys: { ...byPurpose(() => state.root), ...state.signingKeys } };
}

/** The revision of the state after an entry. */
function revisionAfter({ event, details }: AuditEntry, before: number): number {
  if (typeof details.revision !== 'number') return before;
  return event === 'change-lost' ? details.revision - 1 : details.revision;
}

/** The records that the audit log contains, rebuilt by replay. */
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

/** The audit log and the state file have different revisions. */
function mismatch(logged: number, stored: number | undefined): UserError {
  if (stored === undefined) {
    return new UserError(
      `There is an audit log but no ${STATE_FILE}: the keys of this service are missing. Restore the folder from a backup. Nothing was modified.`,
    );
  }
  return new UserError(
    logged < stored
      ? `The audit log is older than ${STATE_FILE} or was cut (it ends at revision ${logged}, not ${stored}). Restore the whole folder from one backup. Nothing was modified.`
      : `${STATE_FILE} is older than the audit log (revision ${stored}, not ${logged}): an old copy was put back, in which later revocations are missing. Restore the whole folder from one backup. Nothing was modified.`,
  );
}
