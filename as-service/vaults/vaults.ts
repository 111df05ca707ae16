// Issues, revokes and reconciles the vaults of this AS, one at a time (docs/protocol.md clause 10).
// Each method resolves after its audit log entry is durable.

import { randomBytes } from 'node:crypto';
import { Mutex } from '#protocol/async/mutex.ts';
import { hexNumber } from '#protocol/bytes/hex.ts';
import { isSignedBy } from '#protocol/crypto/ed25519.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type { AuditHeadJson } from '#protocol/service/messages.ts';
import { type Envelope, openEnvelope } from '#protocol/signing/envelope.ts';
import { decodeVaultJournal, JOURNAL_TYPE, type VaultJournalJson } from '#protocol/vault/journal.ts';
import type { VaultFindingJson } from '#protocol/vault/messages.ts';
import {
  generatePassphrase,
  MAX_PASSPHRASE_LENGTH,
  MIN_PASSPHRASE_LENGTH,
  type PasswordKey,
  repairPassphrase,
} from '#protocol/vault/passphrase.ts';
import type { VaultRequestJson } from '#protocol/vault/requests.ts';
import type { AuditEvent, AuditLog } from '../audit-log/audit-log.ts';
import type { SharedLock } from '../common/shared-lock.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { mayUse } from '../sets/set-access.ts';
import type { Signatures } from '../signing/signing.ts';
import type { State } from '../storage/state.ts';
import { chooseSet, makeVault } from './make-vault.ts';
import { reconcile, type SignableVerdict, verdictsOn } from './reconcile.ts';
import { encodeIssue, encodeReturn, type VaultLedger, type VaultRecord } from './vault-ledger.ts';
import type { ReceiptCheck } from './vault-receipts.ts';

export interface VaultsOptions {
  readonly state: () => State;
  readonly signatures: () => Signatures;
  readonly ledger: Ledger;
  readonly vaults: VaultLedger;
  readonly log: AuditLog;
  readonly lock: SharedLock;
  readonly check: ReceiptCheck;
  readonly demoMode: boolean;
  readonly derive: PasswordKey;
  readonly now: () => Date;
}

/** An operator, or the command line, which may use every set. */
export interface VaultCaller {
  readonly actor: string;
  /** SET of each set that the caller may use; null permits all sets. */
  readonly sets: readonly number[] | null;
  /** @throws ProtocolError signed-out when the access code has expired or was revoked */
  readonly requireSignedIn?: () => void;
}

export interface VaultReport {
  readonly record: VaultRecord;
  readonly entries: number;
  readonly exports: number;
  readonly receipts: number;
  readonly findings: readonly VaultFindingJson[];
  /** One verdict for each authentic receipt in this journal. */
  readonly verdicts: readonly SignableVerdict[];
}

/** Maximum number of characters of all findings in the audit log. */
const MAX_LOGGED_LENGTH = 4000;

export class Vaults {
  readonly #options: VaultsOptions;
  readonly #mutex = new Mutex();

  constructor(options: VaultsOptions) {
    this.#options = options;
  }

  /** Returns the vaults of the sets that the caller may use, newest first. */
  visible(caller: VaultCaller): VaultRecord[] {
    return this.#options.vaults.all.filter(({ issued }) => mayUse(caller, issued.header.set.set));
  }

  /**
   * Issues a vault. Generates its passphrase unless the caller passes one as `chosen`.
   * @throws ProtocolError request-refused, and the refusals of makeVault()
   */
  issue(
    request: VaultRequestJson,
    caller: VaultCaller,
    chosen?: string,
  ): Promise<{ readonly text: string; readonly passphrase: string; readonly record: VaultRecord }> {
    return this.#mutex.run(async () => {
      const { vaults, now } = this.#options;
      const { actor, sets } = caller;
      const passphrase = chosen === undefined ? generatePassphrase(randomBytes(20)) : readChosen(chosen);
      const asNumber = vaults.nextAsNumber;
      if (asNumber > 0xffff) throw new ProtocolError('request-refused', 'All 65535 vault numbers are used.');
      const full = { ...request, custodian: actor, sets, passphrase, asNumber };
      const { text, record } = await makeVault(
        { ...this.#options, state: this.#options.state(), signatures: this.#options.signatures(), now: now() },
        full,
      );
      const { header } = record;
      const details = {
        vaultId: header.vaultId,
        asNumber,
        set: header.set.set,
        ref1: header.set.keys.map(({ ref1 }) => hexNumber(ref1, 4)).join(' '),
        units: header.units?.join(' ') ?? 'open: it holds T',
        exports: header.quota.exports,
        exportsPerUnit: header.quota.perUnit,
        expires: header.expires,
        confirmed: request.confirm ?? null,
      };
      // The set or a key may have been disabled or destroyed while the passphrase was derived.
      const requirePermitted = () => void chooseSet({ ...this.#options, state: this.#options.state() }, full);
      await this.#append('vault-issued', caller, details, { record: encodeIssue(record), requirePermitted });
      return { text, passphrase, record: vaults.addVault(record) };
    });
  }

  /**
   * Revokes a vault. A second revocation changes nothing. A vault that is offline can still export
   * after the revocation. reconcile() later reports these exports.
   */
  revoke(vaultId: string, reason: string, caller: VaultCaller): Promise<VaultRecord> {
    return this.#mutex.run(async () => {
      const { vaults } = this.#options;
      const record = this.#find(vaultId, caller);
      if (record.revoked !== undefined) return record;
      const { asNumber } = record.issued.header;
      const details = { vaultId, asNumber, reason };
      const { time } = await this.#append('vault-revoked', caller, details);
      vaults.revoke(vaultId, time);
      return record;
    });
  }

  /**
   * Reconciles a returned journal. If `vaultId` is defined, the journal must be of that vault. If
   * the same journal is returned again, the verdicts are the same.
   * @throws ProtocolError vault-unknown, journal-refused, receipt-refused
   */
  reconcile(journal: Envelope, caller: VaultCaller, vaultId?: string): Promise<VaultReport> {
    return this.#mutex.run(async () => {
      let opened: { record: VaultRecord; journal: VaultJournalJson };
      try {
        opened = await this.#open(journal, caller, vaultId);
      } catch (cause) {
        if (cause instanceof ProtocolError) {
          const details = { code: cause.code, words: cause.message };
          await this.#options.log.append({ event: 'vault-journal-refused', actor: caller.actor, details });
        }
        throw cause;
      }
      return this.#reconcile(opened.record, opened.journal, caller);
    });
  }

  /**
   * Appends an entry. Rejects if the access code of the caller has expired or was revoked
   * meanwhile, or if `requirePermitted` throws.
   */
  #append(
    event: string,
    { actor, requireSignedIn }: VaultCaller,
    details: AuditEvent['details'],
    { record, requirePermitted }: { readonly record?: Uint8Array; readonly requirePermitted?: () => void } = {},
  ): Promise<AuditHeadJson> {
    const { lock, log } = this.#options;
    return lock.shared(async () => {
      requireSignedIn?.();
      requirePermitted?.();
      return log.append({ event, actor, details, ...(record === undefined ? {} : { record }) });
    });
  }

  #find(vaultId: string, caller: VaultCaller): VaultRecord {
    const record = this.#options.vaults.find(vaultId);
    if (record !== undefined && mayUse(caller, record.issued.header.set.set)) return record;
    throw new ProtocolError('vault-unknown', 'This AS has not issued such a vault.');
  }

  async #open(
    envelope: Envelope,
    caller: VaultCaller,
    vaultId: string | undefined,
  ): Promise<{ record: VaultRecord; journal: VaultJournalJson }> {
    const journal = readJournal(envelope);
    const record = this.#find(vaultId ?? journal.vaultId, caller);
    if (journal.vaultId !== record.issued.header.vaultId) {
      throw new ProtocolError('journal-refused', 'This is the journal of another vault.');
    }
    try {
      await openEnvelope(envelope, JOURNAL_TYPE, record.issued.journalPublicKey, isSignedBy);
    } catch (cause) {
      if (!(cause instanceof ProtocolError)) throw cause;
      throw new ProtocolError('journal-refused', 'The vault that the journal names did not sign it.', { cause });
    }
    if (journal.asNumber !== record.issued.header.asNumber) {
      throw new ProtocolError('journal-refused', 'The AS number in the journal is not that of its vault.');
    }
    return { record, journal };
  }

  async #reconcile(record: VaultRecord, journal: VaultJournalJson, caller: VaultCaller): Promise<VaultReport> {
    const { vaults, ledger, check } = this.#options;
    const { vaultId, asNumber } = record.issued.header;
    const { part, findings } = await reconcile({ check, vaults, ledger }, record, journal);
    const count = (kind: 'export' | 'receipt') => journal.entries.filter(({ event }) => event.kind === kind).length;
    const numbers = { entries: journal.entries.length, exports: count('export'), receipts: count('receipt') };
    const details = {
      vaultId,
      asNumber,
      ...numbers,
      newEntries: part.entries.length,
      grave: findings.filter((each) => each.grave).length,
      findings: findings
        .map(({ words }) => words)
        .join(' ')
        .slice(0, MAX_LOGGED_LENGTH),
    };
    const { time } = await this.#append('vault-returned', caller, details, { record: encodeReturn(part) });
    vaults.addReturn(vaultId, part, time);
    const accepted = new Set(part.receipts.map(({ dataHash }) => dataHash));
    for (const { event, receipt } of record.exports) {
      if (receipt !== undefined && accepted.has(event.dataHash)) check.verified.add(receipt);
    }
    return { record, ...numbers, findings, verdicts: await verdictsOn(record, journal, check) };
  }
}

/** @throws ProtocolError request-refused */
function readChosen(typed: string): string {
  const passphrase = repairPassphrase(typed);
  const length = [...passphrase].length;
  if (length < MIN_PASSPHRASE_LENGTH || length > MAX_PASSPHRASE_LENGTH) {
    throw new ProtocolError(
      'request-refused',
      `A passphrase has ${MIN_PASSPHRASE_LENGTH} to ${MAX_PASSPHRASE_LENGTH} characters, not ${length}.`,
    );
  }
  if (/\p{C}/u.test(passphrase)) {
    throw new ProtocolError('request-refused', 'The passphrase contains a control character. Type it again.');
  }
  return passphrase;
}

/** Checks the shape of the journal but not its signature. */
function readJournal({ payload }: Envelope): VaultJournalJson {
  try {
    return decodeVaultJournal(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')));
  } catch (cause) {
    if (!(cause instanceof SyntaxError || cause instanceof ProtocolError)) throw cause;
    throw new ProtocolError('journal-refused', 'This is not a vault journal of a known version.', { cause });
  }
}
