// A service that gives out vaults, and vaults that are used in the field, for tests: issued over HTTP, opened as software, returned.
import { randomBytes } from 'node:crypto';
import type { Hono } from 'hono';
import type { As } from '#as-service/service/as.ts';
import { allowUnits } from '#as-service/sets/sets.ts';
import { fromHex } from '#protocol/bytes/hex.ts';
import { fromBase64url, toBase64url } from '#protocol/bytes/text.ts';
import type { ProblemJson } from '#protocol/service/messages.ts';
import type { VaultAnswerJson, VaultReportJson, VaultRequestJson } from '#protocol/service/vaults.ts';
import { decodeHeader } from '#protocol/tkl/header.ts';
import {
  addTestOperator,
  callJson,
  createTestApp,
  exportRequest,
  fillTestAs,
  openTestAs,
  receiptFor,
  TEST_SET,
  TEST_SN,
  TEST_T,
  TEST_TA,
  temporaryFolder,
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
  /** What the unit finds in DATA. */
  readonly key?: Uint8Array;
  readonly ref1?: number;
  readonly ref2?: number;
}

export class VaultBench {
  readonly as: As;
  readonly app: Hono;
  readonly custodian: string;
  readonly operator: string;
  readonly auditor: string;
  readonly #folder: Awaited<ReturnType<typeof temporaryFolder>>;
  readonly #clock: { now: Date };

  static async open(now = new Date('2026-11-23T12:00:00.000Z')): Promise<VaultBench> {
    const folder = await temporaryFolder();
    const clock = { now };
    const as = await openTestAs(folder.path, { derive: quickKey, now: () => clock.now });
    await fillTestAs(as);
    const tokens = [
      await addTestOperator(as, 'cora', 'custodian'),
      await addTestOperator(as, 'olga'),
      await addTestOperator(as, 'anna', 'auditor'),
    ] as const;
    return new VaultBench(as, folder, clock, tokens);
  }

  private constructor(
    as: As,
    folder: Awaited<ReturnType<typeof temporaryFolder>>,
    clock: { now: Date },
    [custodian, operator, auditor]: readonly [string, string, string],
  ) {
    this.as = as;
    this.app = createTestApp(as);
    this.#folder = folder;
    this.#clock = clock;
    this.custodian = custodian;
    this.operator = operator;
    this.auditor = auditor;
  }

  async close(): Promise<void> {
    await this.as.close();
    await this.#folder.remove();
  }

  /** The same folder, opened anew: what the audit log alone tells. */
  async restart(): Promise<As> {
    await this.as.close();
    return openTestAs(this.#folder.path, { derive: quickKey, now: () => this.#clock.now });
  }

  get now(): Date {
    return this.#clock.now;
  }

  passDays(days: number): void {
    this.#clock.now = new Date(this.#clock.now.getTime() + days * 86_400_000);
  }

  /** A minute later with every use, as in the field. */
  tick(): Date {
    this.#clock.now = new Date(this.#clock.now.getTime() + 60_000);
    return this.#clock.now;
  }

  issue(change: Partial<VaultRequestJson> = {}, token = this.custodian): Promise<VaultAnswerJson> {
    return callJson<VaultAnswerJson>(this.app, token, '/v1/vaults', { ...VAULT_REQUEST, ...change });
  }

  refusal(change: object, token = this.custodian): Promise<ProblemJson> {
    return callJson<ProblemJson>(this.app, token, '/v1/vaults', { ...VAULT_REQUEST, ...change });
  }

  /** Opens a vault in the field. */
  take({ file, passphrase }: VaultAnswerJson): Promise<SoftwareVault> {
    const root = fromBase64url(this.as.signatures.trust.root);
    return SoftwareVault.open(file, passphrase, root, { derive: quickKey, now: () => this.tick() });
  }

  /** Loads a unit from the vault; `counter` is the unit's import counter after that. Without one the receipt is lost. */
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

  async giveBack(vault: SoftwareVault, entries = vault.entries, token = this.operator): Promise<VaultReportJson> {
    const journal = await vault.returnJournal(entries);
    return callJson<VaultReportJson>(this.app, token, pathOf(vault), { journal });
  }

  allow(units: readonly string[]): Promise<void> {
    return allowUnits(this.as, 'test', TEST_SET, units);
  }

  /** The events in the audit log, with their details. */
  async events(name: string) {
    const entries = await this.as.log.read(1, this.as.log.head.sequence);
    return entries.map(({ entry }) => entry).filter(({ event }) => event === name);
  }
}

export function pathOf(vault: SoftwareVault): string {
  return `/v1/vaults/${vault.vault.header.vaultId}/journal`;
}

export function graveWords({ findings }: VaultReportJson): string[] {
  return findings.filter(({ grave }) => grave).map(({ words }) => words);
}
