// A simulated unit, and functions for an attacker: seal any DATA, send any bytes, cut power. In
// some tests the attacker has T.
import { type EiConfiguration, personalise } from '#device-sim/ei/configuration.ts';
import { Ei, NO_LATENCY } from '#device-sim/ei/ei.ts';
import { EiStore } from '#device-sim/ei/store.ts';
import { Card } from '#device-sim/unit/card.ts';
import { VirtualClock } from '#device-sim/unit/clock.ts';
import { Memory, type MemoryImage, type WriteFault } from '#device-sim/unit/memory.ts';
import { decodeResponse, type ResponseApdu } from '#protocol/apdu/response-apdu.ts';
import { formatStatusWord } from '#protocol/apdu/status-word.ts';
import { type Bytes, concat } from '#protocol/bytes/bytes.ts';
import { fromHex } from '#protocol/bytes/hex.ts';
import { u16, u32 } from '#protocol/bytes/integers.ts';
import { ed25519PublicKey, signEd25519 } from '#protocol/crypto/ed25519.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import { sealData, signatureInput } from '#protocol/tkl/data.ts';
import { encodeHeader, type Header } from '#protocol/tkl/header.ts';
import { deriveDeviceKey, deriveKey, deriveOperationKeys, operationContext } from '#protocol/tkl/key-tree.ts';
import { SUITES, type SuiteId } from '#protocol/tkl/suites.ts';

export const SET = 0x0000ba7c;
export const TKV = 1;
export const SN: Bytes = fromHex('00000000000000004549000000000007');
export const T: Bytes = sha256(fromHex('01'));
export const OTHER_T: Bytes = sha256(fromHex('02'));
export const TA: Bytes = sha256(fromHex('03'));
export const OTHER_TA: Bytes = sha256(fromHex('04'));
export const SIGNING_KEY: Bytes = sha256(fromHex('05'));
/** The slots of the unit. A flip of one bit turns 0002 into 8002. */
export const SLOTS = [0x0001, 0x0002, 0x0003, 0x8002];

export interface UnitSetupOptions {
  readonly suite?: SuiteId;
  readonly profile?: 'shared' | 'diversified';
  readonly signature?: 'none' | 'optional' | 'required';
  readonly keepsChallenge?: boolean;
  readonly extendedLength?: boolean;
  readonly capacity?: number;
  readonly blank?: boolean;
  readonly image?: MemoryImage;
  /** Fault of a memory write, which is armed when the unit starts. */
  readonly fault?: WriteFault;
  /** Random generator of the unit. The default never repeats a challenge. */
  readonly random?: (length: number) => Bytes;
}

/** The parts of DATA. An omitted part has the value that an honest AS would give. */
export interface Recipe {
  readonly random: Uint8Array;
  readonly header?: Partial<Header>;
  /** TA by default; 'none' for an erasure. */
  readonly key?: Uint8Array | 'none';
  readonly transportKey?: Uint8Array;
  readonly signingKey?: Uint8Array;
  /** Replaces SET, TKV or SN in the derivation of the keys. HDR does not change. */
  readonly derivedFor?: { readonly set?: number; readonly tkv?: number; readonly sn?: Uint8Array };
}

let randomCount = 0;
const countingRandom = (length: number): Bytes =>
  concat(sha256(u32(randomCount++)), new Uint8Array(length)).slice(0, length);

export class UnitSetup {
  readonly options: UnitSetupOptions;
  readonly configuration: EiConfiguration;
  readonly memory: Memory;
  readonly clock = new VirtualClock();
  readonly card: Card;
  readonly suite: SuiteId;
  readonly #ei: Ei;

  constructor(options: UnitSetupOptions = {}) {
    this.options = options;
    this.suite = options.suite ?? 0x01;
    this.configuration = configurationOf(options, this.suite);
    this.memory = new Memory(options.image);
    if (options.image === undefined && options.blank !== true) {
      personalise(this.memory, this.configuration, { set: SET, tkv: TKV, transportKey: T });
    }
    if (options.fault !== undefined) this.memory.arm(options.fault);
    this.#ei = new Ei(this.configuration, {
      memory: this.memory,
      clock: this.clock,
      random: options.random ?? countingRandom,
      latency: NO_LATENCY,
      onIdentify: () => undefined,
    });
    this.card = new Card(this.#ei.application('test'));
  }

  /** Returns the unit after a loss of power, with the current content of its memory. */
  restarted(options: Partial<UnitSetupOptions> = {}): UnitSetup {
    this.#ei.losePower();
    return new UnitSetup({ ...this.options, ...options, image: this.memory.image() });
  }

  /** Returns the card on a second link of the unit. */
  otherLink(): Card {
    return new Card(this.#ei.application('other'));
  }

  get store(): EiStore {
    return new EiStore(this.memory, SLOTS);
  }

  async send(command: Uint8Array | string): Promise<ResponseApdu> {
    return decodeResponse(await this.card.process(typeof command === 'string' ? fromHex(command) : command));
  }

  async select(): Promise<ResponseApdu> {
    return await this.send('00A40400 06 F0544B4C3101 00');
  }

  /** Sends GET CHALLENGE. Returns R. */
  async challenge(suite: SuiteId = this.suite): Promise<Bytes> {
    const { data, sw } = await this.send(concat(0x80, 0x84, 0x00, suite, 0x00));
    if (sw !== 0x9000) throw new Error(`GET CHALLENGE returned ${word(sw)}`);
    return data.slice(0, 16);
  }

  /** Gets a challenge, seals DATA for it and imports it. Returns the status word. */
  async load(recipe: Omit<Recipe, 'random'> = {}, ref2 = 0x0002): Promise<number> {
    const random = await this.challenge();
    return (await this.send(importCommand(this.seal({ random, ...recipe }), ref2))).sw;
  }

  /** Sends IMPORTKEY. Returns the status word. */
  async import(data: Uint8Array, ref2 = 0x0002): Promise<number> {
    return (await this.send(importCommand(data, ref2))).sw;
  }

  /** Returns DATA, with SIG if `signed` is true in the header. */
  seal(recipe: Recipe): Bytes {
    const header = this.header(recipe);
    const { operation, keys } = operationKeys(header, recipe);
    const key = recipe.key === 'none' ? undefined : (recipe.key ?? TA);
    const sealed = sealData(header, keys, key, (length) => new Uint8Array(length).fill(0x5a));
    if (!header.signed) return sealed;
    const signature = signEd25519(recipe.signingKey ?? SIGNING_KEY, signatureInput(operation, sealed));
    return concat(sealed, signature);
  }

  header({ header }: Pick<Recipe, 'header'>): Header {
    return {
      suite: this.suite,
      signed: this.options.signature === 'required',
      tkv: TKV,
      asNumber: 0x0102,
      set: SET,
      ref1: 0x0103,
      slot: 0x0002,
      akv: 5,
      xc: 1,
      sn: SN,
      attributes: 'D0AB00N',
      ...header,
    };
  }
}

/** Returns the context C (docs/protocol.md) and the operation keys for DATA with this header. */
export function operationKeys(header: Header, { random, transportKey = T, derivedFor }: Recipe) {
  const { family } = SUITES[header.suite];
  const unit = { set: header.set, tkv: header.tkv, sn: header.sn, ...derivedFor };
  const operation = operationContext(encodeHeader(header), random);
  const t1 = deriveKey(family, deriveDeviceKey(family, transportKey, unit), 'TKL1OPK', operation);
  return { operation, keys: deriveOperationKeys(family, t1, operation) };
}

/**
 * Returns IMPORTKEY in short form with Le 00, or in extended form if the data field has more than
 * 255 bytes.
 */
export function importCommand(data: Uint8Array, ref2: number): Bytes {
  const field = concat(data, u16(ref2));
  return field.length <= 0xff
    ? concat(0x80, 0xd8, 0x00, 0x00, field.length, field, 0x00)
    : concat(0x80, 0xd8, 0x00, 0x00, 0x00, u16(field.length), field, 0x00, 0x00);
}

/** Formats a status word in four hex digits. */
export const word = formatStatusWord;

function configurationOf(options: UnitSetupOptions, suite: SuiteId): EiConfiguration {
  const { signature = 'none', profile = 'diversified', keepsChallenge = false } = options;
  return {
    sn: SN,
    profile,
    suites: SUITES[suite].family === 'cmac' ? [0x01, 0x02] : [0x04],
    slots: SLOTS,
    capacity: options.capacity ?? SLOTS.length,
    firmware: 1,
    capabilities: { keepsChallenge, extendedLength: options.extendedLength ?? signature !== 'none', identify: false },
    ...(signature === 'none' ? {} : { signatureKey: ed25519PublicKey(SIGNING_KEY) }),
    signatureRequired: signature === 'required',
  };
}
