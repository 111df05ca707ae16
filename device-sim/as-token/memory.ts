// Implements the Memory interface of protocol/as-unit for a token card. Key facts come from the
// card's content, exports from the non-volatile memory M. XC counts the exports from 1, and the
// remaining quota is computed from XC, so XC and the quota always agree.
import type {
  ExportRecord,
  KeyFacts,
  Memory,
  Reservation,
  TransportKeyFacts,
  UnitExportRequest,
} from '#protocol/as-unit/memory.ts';
import { concat, copy, equalBytes } from '#protocol/bytes/bytes.ts';
import { toHex } from '#protocol/bytes/hex.ts';
import { ProtocolError } from '#protocol/errors.ts';
import { decodeHeader } from '#protocol/tkl/header.ts';
import type { AsStore } from './store.ts';

export class CardMemory implements Memory<undefined> {
  readonly asNumber: number;
  readonly #store: AsStore;
  /** XC by SN and R. An index in RAM, rebuilt at power-up. */
  readonly #byChallenge = new Map<string, number>();
  #lastXc = 0;

  constructor(store: AsStore) {
    this.#store = store;
    this.asNumber = store.read(({ asNumber }) => asNumber);
    for (let record = store.export(1); record !== undefined; record = store.export(this.#lastXc + 1)) {
      this.#remember(record);
    }
  }

  /** XC of the last export; 0 before the first. */
  get lastXc(): number {
    return this.#lastXc;
  }

  get quotaLeft(): number {
    return this.#store.read(({ quota }) => quota) - this.#lastXc;
  }

  async findTransportKey(set: number, tkv: number): Promise<TransportKeyFacts | undefined> {
    return this.#store.read((content) => {
      const found = content.transportKeys.find((key) => key.tkv === tkv);
      return content.set === set && found !== undefined ? { family: found.family } : undefined;
    });
  }

  async findKey(set: number, ref1: number): Promise<KeyFacts | undefined> {
    return this.#store.read((content) => {
      const found = content.entries.find((entry) => entry.ref1 === ref1);
      if (content.set !== set || found === undefined) return undefined;
      const { attributes, akv, slot } = found;
      return { ref1, attributes, akv, slot };
    });
  }

  async findExport(sn: Uint8Array, random: Uint8Array): Promise<ExportRecord | undefined> {
    const xc = this.#byChallenge.get(challengeName(sn, random));
    return xc === undefined ? undefined : this.#store.export(xc);
  }

  async findExportByCounter(xc: number): Promise<ExportRecord | undefined> {
    return this.#store.export(xc);
  }

  async authorise({ unit }: UnitExportRequest): Promise<void> {
    const isListed = this.#store.read(
      ({ units }) => units === undefined || units.some((sn) => equalBytes(sn, unit.sn)),
    );
    if (!isListed) throw new ProtocolError('unit-not-listed', 'The card was not issued for this unit.');
  }

  /**
   * Needs no lock between the reservation and the commit, because the card runs one command at a
   * time.
   */
  async reserveExport(): Promise<Reservation> {
    if (this.quotaLeft <= 0) throw new ProtocolError('quota-used', 'The card has no exports left.');
    const xc = this.#lastXc + 1;
    return {
      xc,
      commit: async (record) => {
        this.#store.writeExport(xc, record);
        this.#remember(record);
      },
      // A reservation writes nothing before its commit, so there is nothing to undo.
      release: () => undefined,
    };
  }

  async commitReceipt(record: ExportRecord, receipt: Uint8Array): Promise<void> {
    this.#store.writeExport(decodeHeader(record.data).xc, { ...record, receipt: copy(receipt) });
  }

  #remember({ random, data }: ExportRecord): void {
    this.#lastXc++;
    this.#byChallenge.set(challengeName(decodeHeader(data).sn, random), this.#lastXc);
  }
}

function challengeName(sn: Uint8Array, random: Uint8Array): string {
  return toHex(concat(sn, random));
}
