// Reads the vaults of this browser. Each read verifies the signatures of all vaults.
import type { Bytes } from '#protocol/bytes/bytes.ts';
import { hexNumber } from '#protocol/bytes/hex.ts';
import type { Envelope, Verify } from '#protocol/signing/envelope.ts';
import { decodeVaultFile, verifyVaultFile } from '#protocol/vault/file.ts';
import type { VaultHeaderJson } from '#protocol/vault/header.ts';
import { requireValid } from '#protocol/vault/policy.ts';
import { t } from '../../text/t.ts';
import type { VaultRecord, VaultStore } from '../../vault-store/vault-store.ts';
import { type Failure, failureOf } from '../common/failure.ts';
import type { JournalToReturn } from '../session/journals-to-return.svelte.ts';

export interface StoredVault {
  readonly id: string;
  /** The AS number of the vault, 4 hex digits. */
  readonly number: string;
  readonly header: VaultHeaderJson;
  /** Number of exports so far. */
  readonly exports: number;
  /** Number of wrong passphrases since the last unlocking. */
  readonly wrongPassphrases: number;
  readonly hasJournal: boolean;
  /**
   * Whether the signed journal contains the vault's last entry. A vault signs its journal when it
   * is locked.
   */
  readonly isJournalSigned: boolean;
  /** Whether the journal has an export or receipt that was not returned to the AS. */
  readonly isToReturn: boolean;
  readonly hasPasskey: boolean;
  /** Why the vault cannot be unlocked now; undefined if it can be. */
  readonly obstacle: Failure | undefined;
}

/** A vault that this page or an earlier one has listed, and that is no longer in the browser. */
export interface LostVault extends JournalToReturn {
  /**
   * Whether the AS lacks an export or receipt that this page has read. Another tab may have used
   * the vault, so the AS may lack one even if this is false.
   */
  readonly isToReturn: boolean;
  /** The signed journal, if the vault was unlocked when it was lost. */
  readonly journal?: Envelope;
  /** Whether the operator has saved `journal` as a file. */
  readonly isJournalSaved?: boolean;
}

/** Whether the journal of a lost vault exists only in the memory of this page. */
export function isUnsaved({ journal, isJournalSaved = false }: LostVault): boolean {
  return journal !== undefined && !isJournalSaved;
}

export interface VaultList {
  readonly vaults: readonly StoredVault[];
  /** Ids of all vaults in the browser, including those that cannot be verified. */
  readonly ids: ReadonlySet<string>;
  /** Failure of the first vault that cannot be verified. `vaults` does not contain such vaults. */
  readonly failure: Failure | undefined;
}

export interface VaultListOptions {
  readonly store: VaultStore;
  /** The root keys that this station has pinned, 32 bytes each. */
  readonly roots: readonly Bytes[];
  readonly verify: Verify;
  readonly now: Date;
}

/** @throws ProtocolError journal-full, journal-failed */
export async function readVaults(options: VaultListOptions): Promise<VaultList> {
  const vaults: StoredVault[] = [];
  let failure: Failure | undefined;
  const records = await options.store.vaults();
  for (const record of records) {
    try {
      vaults.push(await readVault(options, record));
    } catch (error) {
      failure ??= failureOf(error);
    }
  }
  return { vaults, ids: new Set(records.map(({ id }) => id)), failure };
}

async function readVault({ store, roots, verify, now }: VaultListOptions, record: VaultRecord): Promise<StoredVault> {
  const { id, text, refused, journal, signedTo, returnedTo = 0, passkey } = record;
  const { header } = await verifyVaultFile(decodeVaultFile(text), roots, verify);
  return {
    id,
    number: hexNumber(header.asNumber, 4),
    header,
    exports: await store.countExports(id),
    wrongPassphrases: refused,
    hasJournal: journal !== undefined,
    isJournalSigned: signedTo === (await store.lastEntry(id))?.number,
    isToReturn: (await store.lastLoadEntry(id)) > returnedTo,
    hasPasskey: passkey !== undefined,
    obstacle: obstacleOf(header, now),
  };
}

function obstacleOf(header: VaultHeaderJson, now: Date): Failure | undefined {
  try {
    requireValid(header, now.getTime());
    return undefined;
  } catch (error) {
    return failureOf(error);
  }
}

/** The name of a vault for the operator. `number` is undefined for a vault that was deleted. */
export function vaultName(number = ''): string {
  return t`Vault ${number}`;
}
