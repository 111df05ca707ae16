// An AS in memory for tests: protocol/as-unit with the unencrypted T and TA of one set.
import { randomBytes } from 'node:crypto';
import { AsUnit } from '#protocol/as-unit/as-unit.ts';
import type {
  ExportRecord,
  KeyFacts,
  Memory,
  Reservation,
  TransportKeyFacts,
  UnitExportRequest,
} from '#protocol/as-unit/memory.ts';
import { transportKeyStore } from '#protocol/as-unit/transport-key-store.ts';
import { type KeyStore, TreeKeyCrypto } from '#protocol/as-unit/tree-key-crypto.ts';
import { type Bytes, concat, copy, equalBytes } from '#protocol/bytes/bytes.ts';
import { toHex } from '#protocol/bytes/hex.ts';
import { ed25519PublicKey, signEd25519 } from '#protocol/crypto/ed25519.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type { Random } from '#protocol/tkl/body.ts';
import { decodeHeader } from '#protocol/tkl/header.ts';
import type { KdfFamily } from '#protocol/tkl/suites.ts';

export interface TestKey extends KeyFacts {
  /** TA; empty in an entry that erases a slot or replaces T. */
  readonly key: Uint8Array;
}

export interface TestAsOptions {
  readonly set: number;
  readonly tkv: number;
  readonly family: KdfFamily;
  /** T, 32 bytes. */
  readonly transportKey: Uint8Array;
  /** Profile of the set; diversified by default. Only a replacement of T depends on it. */
  readonly profile?: 'shared' | 'diversified';
  /** Later versions of T. Their default family is `family`. */
  readonly nextTransportKeys?: readonly {
    readonly tkv: number;
    readonly key: Uint8Array;
    readonly family?: KdfFamily;
  }[];
  readonly keys: readonly TestKey[];
  readonly asNumber?: number;
  /** XC of the first export; 1 by default. */
  readonly firstXc?: number;
  /** Ed25519 seed, 32 bytes; random by default. */
  readonly signingKey?: Uint8Array;
  readonly random?: Random;
  /** SNs of the units that the AS serves, 16 bytes each; every unit of the set by default. */
  readonly units?: readonly Uint8Array[];
  /** Maximum number of exports; no limit by default. */
  readonly quota?: number;
}

export class RamMemory implements Memory<undefined> {
  readonly asNumber: number;
  readonly exports: ExportRecord[] = [];
  readonly #options: TestAsOptions;
  /** Two indexes of `exports`: benchmarks with thousands of exports need a fast lookup. */
  readonly #byChallenge = new Map<string, number>();
  readonly #byCounter = new Map<number, number>();
  #nextXc: number;
  #quota: number;

  constructor(options: TestAsOptions) {
    this.#options = options;
    this.asNumber = options.asNumber ?? 0;
    this.#nextXc = options.firstXc ?? 1;
    this.#quota = options.quota ?? Number.POSITIVE_INFINITY;
  }

  async findTransportKey(set: number, tkv: number): Promise<TransportKeyFacts | undefined> {
    const found = set === this.#options.set && transportKeysOf(this.#options).find((key) => key.tkv === tkv);
    return found ? { family: found.family } : undefined;
  }

  async findKey(set: number, ref1: number): Promise<KeyFacts | undefined> {
    return set === this.#options.set ? this.#options.keys.find((key) => key.ref1 === ref1) : undefined;
  }

  async findExport(sn: Uint8Array, random: Uint8Array): Promise<ExportRecord | undefined> {
    return this.exports[this.#byChallenge.get(toHex(concat(sn, random))) ?? -1];
  }

  async findExportByCounter(xc: number): Promise<ExportRecord | undefined> {
    return this.exports[this.#byCounter.get(xc) ?? -1];
  }

  async authorise({ unit }: UnitExportRequest): Promise<void> {
    const { units } = this.#options;
    if (units === undefined || units.some((sn) => equalBytes(sn, unit.sn))) return;
    throw new ProtocolError('unit-not-listed', 'This AS does not serve that unit.');
  }

  async reserveExport(_request: UnitExportRequest): Promise<Reservation> {
    if (this.#quota === 0) throw new ProtocolError('quota-used', 'The quota is used.');
    this.#quota--;
    return {
      xc: this.#nextXc++,
      commit: async (record) => {
        const { sn, xc } = decodeHeader(record.data);
        const place = this.exports.push(record) - 1;
        this.#byChallenge.set(toHex(concat(sn, record.random)), place);
        this.#byCounter.set(xc, place);
      },
      release: () => {
        this.#quota++;
      },
    };
  }

  async commitReceipt(record: ExportRecord, receipt: Uint8Array): Promise<void> {
    const { xc } = decodeHeader(record.data);
    this.exports[this.#byCounter.get(xc) ?? -1] = { ...record, receipt: copy(receipt) };
  }
}

function createKeyStore(options: TestAsOptions, signingKey: Uint8Array): KeyStore {
  const { profile, keys, random } = options;
  return transportKeyStore({
    copyTransportKey: (_set, tkv) => copyKey(transportKeysOf(options).find((key) => key.tkv === tkv)),
    isDiversified: () => profile !== 'shared',
    copyApplicationKey: (_set, ref1) => copyKey(keys.find((key) => key.ref1 === ref1)),
    signData: (message) => signEd25519(signingKey, message),
    random: random ?? ((length) => copy(randomBytes(length))),
  });
}

function transportKeysOf({ tkv, family, transportKey, nextTransportKeys = [] }: TestAsOptions) {
  return [{ tkv, family, key: transportKey }, ...nextTransportKeys.map((next) => ({ family, ...next }))];
}

function copyKey(found: { readonly key: Uint8Array } | undefined): Bytes {
  if (found === undefined) throw new RangeError('the set or key is unknown');
  return copy(found.key);
}

export interface TestAs {
  readonly as: AsUnit;
  readonly memory: RamMemory;
  /** Ed25519 public key that verifies SIG, 32 bytes. */
  readonly publicKey: Bytes;
}

export function createTestAs(options: TestAsOptions): TestAs {
  const signingKey = options.signingKey ?? randomBytes(32);
  const memory = new RamMemory(options);
  const as = new AsUnit(memory, new TreeKeyCrypto(createKeyStore(options, signingKey)));
  return { as, memory, publicKey: ed25519PublicKey(signingKey) };
}
