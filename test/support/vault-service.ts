// Vaults in tests: a service issues them over HTTP, and the test opens them in memory, exports from
// them and returns their journals.
import { randomBytes } from 'node:crypto';
import { allowUnits } from '#as-service/sets/sets.ts';
import { fromHex } from '#protocol/bytes/hex.ts';
import { fromBase64url, toBase64url } from '#protocol/bytes/text.ts';
import { decodeHeader } from '#protocol/tkl/header.ts';
import type { VaultAnswerJson, VaultReportJson } from '#protocol/vault/messages.ts';
import type { VaultRequestJson } from '#protocol/vault/requests.ts';
import {
  exportRequest,
  openFilledAs,
  receiptFor,
  refusalOf,
  ServiceSetup,
  TEST_SET,
  TEST_SN,
  TEST_T,
  TEST_TA,
} from './as-service.ts';
import { quickKey, SoftwareVault } from './vault.ts';

export const OTHER_SN = '00000000000000004549000000000008';

export const VAULT_REQUEST: VaultRequestJson = {
  set: TEST_SET,
  ref1: [0x0103],
  units: [TEST_SN, OTHER_SN],
  exports: 10,
  exportsPerUnit: null,
  days: 14,
};

export interface Load {
  readonly sn?: string;
  /** The TA that the vault exports. The receipt contains its KCV. */
  readonly key?: Uint8Array;
  readonly ref1?: number;
  readonly ref2?: number;
}

/** A service with a custodian, an operator and an auditor, and a clock that the test sets. */
export class VaultSetup extends ServiceSetup {
  custodian = '';
  operator = '';
  auditor = '';
  #clock = { now: new Date(0) };

  static override async open(): Promise<VaultSetup> {
    const clock = { now: new Date('2026-11-23T12:00:00.000Z') };
    const setup = new VaultSetup(...(await openFilledAs({ derive: quickKey, now: () => clock.now })));
    setup.#clock = clock;
    setup.custodian = await setup.addOperator('cora', 'custodian');
    setup.operator = await setup.addOperator('olga');
    setup.auditor = await setup.addOperator('anna', 'auditor');
    return setup;
  }

  override reopen(): Promise<void> {
    return super.reopen({ derive: quickKey, now: () => this.#clock.now });
  }

  get now(): Date {
    return this.#clock.now;
  }

  passDays(days: number): void {
    this.#clock.now = new Date(this.#clock.now.getTime() + days * 86_400_000);
  }

  /** Advances the clock by a minute. Called each time that a vault reads the clock. */
  tick(): Date {
    this.#clock.now = new Date(this.#clock.now.getTime() + 60_000);
    return this.#clock.now;
  }

  issue(change: Partial<VaultRequestJson> = {}, token = this.custodian): Promise<VaultAnswerJson> {
    return this.json<VaultAnswerJson>(token, '/v1/vaults', { ...VAULT_REQUEST, ...change });
  }

  /** Requests a vault that the service must refuse. Returns code and detail of the problem. */
  refusal(change: object, token = this.custodian): Promise<readonly [string, string]> {
    return refusalOf(this.call(token, '/v1/vaults', { ...VAULT_REQUEST, ...change }));
  }

  /** Unlocks an issued vault. */
  unlock({ file, passphrase }: Pick<VaultAnswerJson, 'file' | 'passphrase'>): Promise<SoftwareVault> {
    const root = fromBase64url(this.as.signatures.trust.root);
    return SoftwareVault.open(file, passphrase, root, { derive: quickKey, now: () => this.tick() });
  }

  /**
   * Exports a key from the vault, and has the vault verify the receipt of the unit. `counter` is
   * the import counter in the receipt. If it is undefined, there is no receipt. Returns XC.
   */
  async load(
    vault: SoftwareVault,
    counter: number | undefined,
    { sn = TEST_SN, key = TEST_TA, ref1 = 0x0103, ref2 = 2 }: Load = {},
  ): Promise<number> {
    const request = exportRequest({ sn, ref1, random: toBase64url(randomBytes(16)) });
    const { data, random } = await vault.unit.exportKey(
      {
        unit: { set: TEST_SET, tkv: 1, sn: fromHex(sn) },
        suite: 1,
        sign: false,
        ref1,
        ref2,
        random: fromBase64url(request.random),
        challengeMac: fromBase64url(request.challengeMac),
      },
      undefined,
    );
    const { xc } = decodeHeader(data);
    if (counter === undefined) return xc;
    const receipt = receiptFor(toBase64url(data), toBase64url(random), {
      key,
      transportKey: TEST_T,
      importCounter: counter,
      ref2,
    });
    await vault.unit.verifyReceipt(xc, fromBase64url(receipt), undefined);
    return xc;
  }

  async returnJournal(vault: SoftwareVault, entries = vault.entries, token = this.operator): Promise<VaultReportJson> {
    const journal = await vault.returnJournal(entries);
    return this.json<VaultReportJson>(token, pathOf(vault), { journal });
  }

  allow(units: readonly string[]): Promise<void> {
    return allowUnits(this.as, 'test', TEST_SET, units);
  }
}

export function pathOf(vault: SoftwareVault): string {
  return `/v1/vaults/${vault.vault.header.vaultId}/journal`;
}

export function graveWords({ findings }: VaultReportJson): string[] {
  return findings.filter(({ grave }) => grave).map(({ words }) => words);
}
