// A simulated AS card for tests in Node, without a link. Also sends the commands with which a page
// uses the card.
import { AsCard, NO_AS_LATENCY } from '#device-sim/as-token/card.ts';
import type { CardContent, CardEntry } from '#device-sim/as-token/content.ts';
import { asFirmware } from '#device-sim/as-token/firmware.ts';
import { AsStore } from '#device-sim/as-token/store.ts';
import { Card } from '#device-sim/unit/card.ts';
import { VirtualClock } from '#device-sim/unit/clock.ts';
import { Memory, type MemoryImage } from '#device-sim/unit/memory.ts';
import { decodeResponse, type ResponseApdu } from '#protocol/apdu/response-apdu.ts';
import { formatStatusWord } from '#protocol/apdu/status-word.ts';
import type { Transmit } from '#protocol/apdu/transmit.ts';
import { type Bytes, concat } from '#protocol/bytes/bytes.ts';
import { fromHex } from '#protocol/bytes/hex.ts';
import { u16 } from '#protocol/bytes/integers.ts';
import { ascii } from '#protocol/bytes/text.ts';
import { ed25519PublicKey } from '#protocol/crypto/ed25519.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import type { ExportRequest } from '#protocol/provisioning/key-source.ts';
import { keyCheckValue, NO_KCV } from '#protocol/tkl/body.ts';
import { challengeMac, deriveChallengeKey } from '#protocol/tkl/challenge.ts';
import { decodeHeader, isErasing, NO_ATTRIBUTES, TRANSPORT_KEY_ATTRIBUTES } from '#protocol/tkl/header.ts';
import {
  deriveDeviceKey,
  deriveKey,
  deriveOperationKeys,
  operationContext,
  type UnitId,
} from '#protocol/tkl/key-tree.ts';
import { sealReceipt } from '#protocol/tkl/receipt.ts';
import { SUITES, type SuiteId } from '#protocol/tkl/suites.ts';
import { countingRandom, TEST_SET, TEST_SN, TEST_TKV, TEST_TRANSPORT_KEY } from './units.ts';

export const PIN = '123456';
export const NEXT_TRANSPORT_KEY: Bytes = sha256(ascii('T of version 2'));
export const CARD_TA: Bytes = sha256(ascii('TA on a card'));
const SIGNING_KEY: Bytes = sha256(ascii('signing key of a card'));
const CARD_SN = fromHex('00000000000000004153000000000001');

/** REF1 0103 is a key for slot 2, 0104 a key for any slot. 0105 erases slot 2, 0106 replaces T. */
export const CARD_ENTRIES: readonly CardEntry[] = [
  { ref1: 0x0103, attributes: 'D0AB00N', akv: 5, slot: 2, label: 'Terminal key', key: CARD_TA },
  { ref1: 0x0104, attributes: 'P0AE00N', akv: 6, slot: 0xffff, label: 'PIN-Schlüssel', key: CARD_TA.slice(0, 16) },
  { ref1: 0x0105, attributes: NO_ATTRIBUTES, akv: 7, slot: 2, label: 'Erase slot 2', key: concat() },
  { ref1: 0x0106, attributes: TRANSPORT_KEY_ATTRIBUTES, akv: 2, slot: 0xfffe, label: 'New T', key: concat() },
];

export function cardContent(change: Partial<CardContent> = {}): CardContent {
  return {
    set: TEST_SET,
    profile: 'diversified',
    asNumber: 7,
    quota: 100,
    pinTries: 3,
    signingKey: SIGNING_KEY,
    units: undefined,
    transportKeys: [
      { tkv: TEST_TKV, family: 'cmac', key: TEST_TRANSPORT_KEY },
      { tkv: TEST_TKV + 1, family: 'cmac', key: NEXT_TRANSPORT_KEY },
    ],
    entries: CARD_ENTRIES,
    ...change,
  };
}

export class TestAsCard {
  readonly content: CardContent;
  readonly memory: Memory;
  readonly card: Card;
  readonly #program: AsCard;
  readonly #random: (length: number) => Bytes;

  constructor(content: CardContent = cardContent(), image?: MemoryImage, random = countingRandom()) {
    this.content = content;
    this.memory = new Memory(image);
    if (image === undefined) {
      asFirmware({ sn: CARD_SN, content, pin: PIN, latency: NO_AS_LATENCY }).personalise(this.memory);
    }
    this.#random = random;
    this.#program = new AsCard({
      memory: this.memory,
      clock: new VirtualClock(),
      random,
      onIdentify: () => undefined,
      latency: NO_AS_LATENCY,
    });
    this.card = new Card(this.#program.application());
  }

  get publicKey(): Bytes {
    return ed25519PublicKey(this.content.signingKey);
  }

  get store(): AsStore {
    return new AsStore(this.memory);
  }

  readonly transmit: Transmit = (command) => this.card.process(command);

  /** Returns the same card on a second link. Each link has its own SELECT and PIN state. */
  anotherLink(): Card {
    return new Card(this.#program.application());
  }

  /** Returns the card after a loss of power: restarted with the current content of its memory. */
  powerCycle(): TestAsCard {
    this.#program.losePower();
    return new TestAsCard(this.content, this.memory.image(), this.#random);
  }

  async send(command: Uint8Array | string): Promise<ResponseApdu> {
    return decodeResponse(await this.card.process(typeof command === 'string' ? fromHex(command) : command));
  }

  /** Sends a command. Returns the status word in four hex digits. */
  async word(command: Uint8Array | string): Promise<string> {
    return formatStatusWord((await this.send(command)).sw);
  }

  /** Sends SELECT. Returns the card. */
  async selected(): Promise<this> {
    await this.send(SELECT_AS);
    return this;
  }

  /** Sends SELECT and VERIFY. Returns the card. */
  async ready(pin = PIN): Promise<this> {
    await this.selected();
    await this.send(verifyCommand(pin));
    return this;
  }
}

export const SELECT_AS = '00A40400 06 F0544B4C3102 00';

export function pinBlock(digits: string): Bytes {
  return concat(ascii(digits), new Uint8Array(12 - digits.length).fill(0xff));
}

export function verifyCommand(digits: string): Bytes {
  return concat(0x00, 0x20, 0x00, 0x81, 12, pinBlock(digits));
}

export function changeCommand(old: string, next: string): Bytes {
  return concat(0x00, 0x24, 0x00, 0x81, 24, pinBlock(old), pinBlock(next));
}

/** The arguments of EXPORTKEY. An omitted argument has the value that an honest unit would give. */
export interface ExportCommandOptions {
  readonly suite?: SuiteId;
  readonly signed?: boolean;
  readonly tkv?: number;
  readonly ref1?: number;
  readonly sn?: Uint8Array;
  readonly random?: Uint8Array;
  readonly transportKey?: Uint8Array;
}

let challenges = 0;

/** Returns a different R at each call. */
export function newRandom(): Bytes {
  return sha256(concat(ascii('R'), u16(challenges++))).slice(0, 16);
}

/** Returns CHM, computed with the key that the unit derives from T. */
function challengeMacOf(
  unit: UnitId,
  suite: SuiteId,
  random: Uint8Array,
  transportKey: Uint8Array = TEST_TRANSPORT_KEY,
): Bytes {
  const deviceKey = deriveDeviceKey(SUITES[suite].family, transportKey, unit);
  return challengeMac(deriveChallengeKey(suite, deviceKey, unit), { suite, unit, random });
}

let requests = 0;

/**
 * Returns an export request as a page makes it, with a correct CHM and a new idempotency key for
 * each call.
 */
export function exportRequest(change: Partial<ExportRequest> = {}): ExportRequest {
  const { random = newRandom(), sn = TEST_SN } = change;
  const unit = { set: TEST_SET, tkv: TEST_TKV, sn };
  return {
    ...unit,
    suite: 0x01,
    sign: false,
    ref1: 0x0103,
    ref2: 2,
    random,
    challengeMac: challengeMacOf(unit, 0x01, random),
    idempotencyKey: `${requests++}`.padStart(21, 'A').padEnd(22, 'A'),
    ...change,
  };
}

/**
 * Returns EXPORTKEY with a correct CHM. Pass `random` to repeat the command or to make its receipt.
 */
export function exportCommand(options: ExportCommandOptions = {}): Bytes {
  const { suite = 0x01, signed = false, tkv = TEST_TKV, ref1 = 0x0103, sn = TEST_SN, random = newRandom() } = options;
  const mac = challengeMacOf({ set: TEST_SET, tkv, sn }, suite, random, options.transportKey);
  return concat(0x80, 0xda, suite | (signed ? 0x80 : 0), tkv, 50, random, u16(ref1), sn, mac, 0x00);
}

/** Returns the receipt of the unit for DATA. `stored` is the key that the unit stored. */
export function receiptFor(
  data: Uint8Array,
  random: Uint8Array,
  { ref2 = 2, stored = CARD_TA, importCounter = 1, transportKey = TEST_TRANSPORT_KEY } = {},
): Bytes {
  const header = decodeHeader(data);
  const { family } = SUITES[header.suite];
  const context = operationContext(data.subarray(0, 48), random);
  const keys = deriveOperationKeys(
    family,
    deriveKey(family, deriveDeviceKey(family, transportKey, header), 'TKL1OPK', context),
    context,
  );
  const kcv = isErasing(header) ? NO_KCV : keyCheckValue(header.attributes, stored);
  return sealReceipt({ ...header, sn: concat(header.sn), ref2, kcv, importCounter }, keys, sha256(data));
}

export function receiptCommand(receipt: Uint8Array): Bytes {
  return concat(0x80, 0xdc, 0x00, 0x00, receipt.length, receipt);
}
