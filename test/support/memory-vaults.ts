// Issues, opens and returns vaults without a disk and without HTTP, on a MemoryExporter.

import { certify, createSigningKey, Signatures } from '#as-service/signing/signing.ts';
import type { SigningKeyState, State } from '#as-service/storage/state.ts';
import { VaultLedger } from '#as-service/vaults/vault-ledger.ts';
import { Vaults } from '#as-service/vaults/vaults.ts';
import { fromHex } from '#protocol/bytes/hex.ts';
import { fromBase64url, toBase64url } from '#protocol/bytes/text.ts';
import { decodeHeader } from '#protocol/tkl/header.ts';
import type { VaultRequestJson } from '#protocol/vault/requests.ts';
import { exportRequest, receiptFor, TEST_SET, TEST_SN } from './as-service.ts';
import { MemoryExporter } from './memory-exporter.ts';
import { quickKey, SoftwareVault } from './vault.ts';

/** Returns the state with a key for vault files and its certificate. */
export async function withVaultKey(state: State, now: Date): Promise<State> {
  const vault: SigningKeyState = createSigningKey();
  const certificate = await certify(state.root, 'vault', vault.publicKey, state.asNumber, now);
  return { ...state, signingKeys: { ...state.signingKeys, vault }, certificates: [certificate] };
}

export interface VaultLoad {
  readonly sn?: string;
  /** The import counter in the receipt. If undefined, there is no receipt. */
  readonly counter?: number | undefined;
}

export class MemoryVaults {
  readonly service: MemoryExporter;
  readonly ledger = new VaultLedger();
  readonly vaults: Vaults;

  static async open(): Promise<MemoryVaults> {
    const service = await MemoryExporter.open();
    service.state = await withVaultKey(service.state, new Date(service.clock.now));
    return new MemoryVaults(service);
  }

  private constructor(service: MemoryExporter) {
    this.service = service;
    const { keys, crypto, verified, ledger, log, lock } = service;
    const signatures = new Signatures(service.state);
    this.vaults = new Vaults({
      ...{ ledger, log, lock, vaults: this.ledger, check: { keys, crypto, verified }, demoMode: false },
      ...{ state: () => service.state, signatures: () => signatures, derive: quickKey },
      now: () => new Date(service.clock.now),
    });
  }

  /** Unlocks an issued vault. */
  unlock({ text, passphrase }: { readonly text: string; readonly passphrase: string }): Promise<SoftwareVault> {
    const { root } = this.service.state;
    return SoftwareVault.open(text, passphrase, root.publicKey, {
      derive: quickKey,
      now: () => new Date(this.service.clock.now),
    });
  }

  /** Exports REF1 0103 from the vault, and has it verify the receipt of the unit. Returns the receipt. */
  async load(vault: SoftwareVault, { sn = TEST_SN, counter }: VaultLoad = {}): Promise<string> {
    const request = exportRequest({ sn });
    const { data } = await vault.unit.exportKey(
      {
        ...{ unit: { set: TEST_SET, tkv: 1, sn: fromHex(sn) }, suite: 1, sign: false, ref1: 0x0103, ref2: 2 },
        random: fromBase64url(request.random),
        challengeMac: fromBase64url(request.challengeMac),
      },
      undefined,
    );
    const receipt = receiptFor(toBase64url(data), request.random, { importCounter: counter ?? 1 });
    const { xc } = decodeHeader(data);
    if (counter !== undefined) await vault.unit.verifyReceipt(xc, fromBase64url(receipt), undefined);
    return receipt;
  }
}

export const VAULT_REQUEST: VaultRequestJson = {
  set: TEST_SET,
  ref1: [0x0103],
  units: [TEST_SN],
  exports: 10,
  exportsPerUnit: null,
  days: 14,
};
