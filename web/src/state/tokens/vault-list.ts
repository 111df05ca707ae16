// The vaults that this browser keeps, as they are shown: by their signed headers, each verified anew, and by what the store knows of their use.

import type { Bytes } from '#protocol/bytes/bytes.ts';
import { hexNumber } from '#protocol/bytes/hex.ts';
import type { Verify } from '#protocol/signing/envelope.ts';
import { decodeVaultFile, verifyVaultFile } from '#protocol/vault/file.ts';
import type { VaultHeaderJson } from '#protocol/vault/header.ts';
import { requireValid } from '#protocol/vault/policy.ts';
import type { VaultRecord, VaultStore } from '../../vault-store/vault-store.ts';
import { type Failure, failureOf } from '../common/failure.ts';

export interface ShelvedVault {
  readonly id: string;
  /** As people say it: four hex digits. */
  readonly number: string;
  readonly header: VaultHeaderJson;
  /** Exports so far. */
  readonly exports: number;
  /** Passphrases that did not fit since it was unlocked last. */
  readonly refused: number;
  readonly hasJournal: boolean;
  /** False where the vault was left without being locked: its signed journal ends before its last entry. */
  readonly isJournalWhole: boolean;
  /** A passkey opens it besides the passphrase. */
  readonly hasPasskey: boolean;
  /** Why it cannot be unlocked now. */
  readonly bar: Failure | undefined;
}

export interface Shelf {
  readonly vaults: readonly ShelvedVault[];
  /** Of a vault that nobody vouches for any more: it does not hide the others. */
  readonly failure: Failure | undefined;
}

export interface VaultListOptions {
  readonly store: VaultStore;
  /** The public keys that this station has pinned, 32 bytes each. */
  readonly roots: readonly Bytes[];
  readonly verify: Verify;
  readonly now: Date;
}

/** @throws ProtocolError journal-full, journal-failed */
export async function readShelf(parts: VaultListOptions): Promise<Shelf> {
  const vaults: ShelvedVault[] = [];
  let failure: Failure | undefined;
  for (const record of await parts.store.vaults()) {
    try {
      vaults.push(await shelved(parts, record));
    } catch (error) {
      failure ??= failureOf(error);
    }
  }
  return { vaults, failure };
}

async function shelved({ store, roots, verify, now }: VaultListOptions, record: VaultRecord): Promise<ShelvedVault> {
  const { id, text, refused, journal, signedTo, passkey } = record;
  const { header } = await verifyVaultFile(decodeVaultFile(text), roots, verify);
  return {
    id,
    number: hexNumber(header.asNumber, 4),
    header,
    exports: await store.countExports(id),
    refused,
    hasJournal: journal !== undefined,
    isJournalWhole: signedTo === (await store.lastEntry(id))?.number,
    hasPasskey: passkey !== undefined,
    bar: barOf(header, now),
  };
}

function barOf(header: VaultHeaderJson, now: Date): Failure | undefined {
  try {
    requireValid(header, now.getTime());
    return undefined;
  } catch (error) {
    return failureOf(error);
  }
}
