// The application of the AS token card (docs/protocol.md clauses 3, 4 and 8, claim 12).
// unit/card.ts runs it on each link. protocol/as-unit seals the keys and verifies the receipts. The
// command formats are implemented from the specification, so that this file shares no code with the
// page's commands.
import { AsUnit } from '#protocol/as-unit/as-unit.ts';
import { entryKind } from '#protocol/as-unit/entry.ts';
import { transportKeyStore } from '#protocol/as-unit/transport-key-store.ts';
import { TreeKeyCrypto } from '#protocol/as-unit/tree-key-crypto.ts';
import { type Bytes, concat, copy } from '#protocol/bytes/bytes.ts';
import { fromHex } from '#protocol/bytes/hex.ts';
import { readU16, u16, u32 } from '#protocol/bytes/integers.ts';
import { ascii, utf8 } from '#protocol/bytes/text.ts';
import { signEd25519 } from '#protocol/crypto/ed25519.ts';
import { type Kcv, keyCheckValue, NO_KCV } from '#protocol/tkl/body.ts';
import { decodeReceipt, RECEIPT_LENGTH } from '#protocol/tkl/receipt.ts';
import { isSuiteId } from '#protocol/tkl/suites.ts';
import { type Application, type Instruction, Refusal } from '../unit/card.ts';
import { sleep } from '../unit/clock.ts';
import type { Program, ProgramOptions } from '../unit/firmware.ts';
import { PowerCut } from '../unit/memory.ts';
import type { CardContent, CardEntry } from './content.ts';
import { CardMemory } from './memory.ts';
import { CardPin } from './pin.ts';
import { refusingAsCard } from './status.ts';
import { AsStore } from './store.ts';

const AID = fromHex('F0544B4C3102');

const VERIFY = 0x20;
const CHANGE_REFERENCE_DATA = 0x24;
const PIN_REFERENCE = 0x81;
const GET_DATA = 0xca;
const EXPORT_KEY = 0xda;
const VERIFY_RECEIPT = 0xdc;
const SIGNED = 0x80;
/** Data field of EXPORTKEY: R(16) ‖ REF1(2) ‖ SN(16) ‖ CHM(16). */
const LENGTH = 50;
const LENGTH_WITHOUT_CHM = 34;
const NOT_AUTHORISED = 0x6982;
const NOTHING = new Uint8Array(0);

/** Processing times of the commands, in ms. */
export interface AsLatency {
  readonly data: number;
  readonly pin: number;
  readonly exportKey: number;
  readonly verifyReceipt: number;
}

export const NO_AS_LATENCY: AsLatency = { data: 0, pin: 0, exportKey: 0, verifyReceipt: 0 };

export interface AsCardOptions extends ProgramOptions {
  readonly latency: AsLatency;
}

export class AsCard implements Program {
  readonly #options: AsCardOptions;
  readonly #store: AsStore;
  readonly #memory: CardMemory;
  readonly #as: AsUnit;
  #powered = true;

  /** Powers up the card. @throws PowerCut when power is cut during recovery */
  constructor(options: AsCardOptions) {
    this.#options = options;
    this.#store = new AsStore(options.memory);
    this.#store.recover();
    this.#memory = new CardMemory(this.#store);
    this.#as = new AsUnit(this.#memory, new TreeKeyCrypto(createKeyStore(this.#store, options.random)));
  }

  losePower(): void {
    this.#powered = false;
  }

  application(): Application {
    const pin = new CardPin(this.#store);
    return {
      aid: AID,
      // The card has no capability bits, so it cannot announce extended length.
      extendedLength: false,
      instructions: [
        this.#getData(),
        this.#exportKey(pin),
        this.#verifyReceipt(pin),
        this.#onPin(VERIFY, (field) => pin.verify(field)),
        this.#onPin(CHANGE_REFERENCE_DATA, (field) => pin.change(field)),
      ],
      select: async () => {
        pin.lock();
        await this.#process(this.#options.latency.data);
        return this.#data();
      },
      reset: () => pin.lock(),
    };
  }

  #getData(): Instruction {
    return {
      ins: GET_DATA,
      chained: false,
      accepts: (p1, p2) => p1 === 0 && p2 === 1,
      run: async ({ data }) => {
        if (data.length !== 0) throw new Refusal(0x6700);
        await this.#process(this.#options.latency.data);
        return this.#data();
      },
    };
  }

  #onPin(ins: number, use: (field: Uint8Array) => void): Instruction {
    return {
      cla: 0x00,
      ins,
      chained: false,
      accepts: (p1, p2) => p1 === 0 && p2 === PIN_REFERENCE,
      run: async ({ data }) => {
        await this.#process(this.#options.latency.pin);
        use(data);
        return NOTHING;
      },
    };
  }

  #exportKey(pin: CardPin): Instruction {
    return {
      ins: EXPORT_KEY,
      chained: false,
      accepts: () => true,
      run: async ({ p1, p2: tkv, data }) => {
        if (data.length !== LENGTH && data.length !== LENGTH_WITHOUT_CHM) throw new Refusal(0x6700);
        const suite = p1 & ~SIGNED;
        if (!isSuiteId(suite)) throw new Refusal(0x6a80);
        await this.#process(this.#options.latency.exportKey);
        // The card requires CHM. If CHM were optional, a host could use up the quota without a
        // unit.
        if (!pin.isUnlocked || data.length === LENGTH_WITHOUT_CHM) throw new Refusal(NOT_AUTHORISED);
        const [random, ref1, sn] = [data.subarray(0, 16), readU16(data, 16), data.subarray(18, 34)];
        const unit = { set: this.#store.read(({ set }) => set), tkv, sn };
        const request = { unit, suite, sign: (p1 & SIGNED) !== 0, ref1, ref2: undefined, random };
        const challengeMac = data.subarray(34);
        const exported = await refusingAsCard(() => this.#as.exportKey({ ...request, challengeMac }, undefined));
        return copy(exported.data);
      },
    };
  }

  #verifyReceipt(pin: CardPin): Instruction {
    return {
      ins: VERIFY_RECEIPT,
      chained: false,
      accepts: (p1, p2) => p1 === 0 && p2 === 0,
      run: async ({ data }) => {
        if (data.length !== RECEIPT_LENGTH) throw new Refusal(0x6700);
        await this.#process(this.#options.latency.verifyReceipt);
        if (!pin.isUnlocked) throw new Refusal(NOT_AUTHORISED);
        await refusingAsCard(() => this.#as.verifyReceipt(decodeReceipt(data).xc, data, undefined));
        return NOTHING;
      },
    };
  }

  #data(): Bytes {
    const { lastXc, quotaLeft } = this.#memory;
    return this.#store.read(({ set, profile, asNumber, transportKeys, entries }) =>
      concat(
        0x01,
        u32(set),
        Math.max(...transportKeys.map(({ tkv }) => tkv)),
        u16(asNumber),
        u32(lastXc),
        u32(quotaLeft),
        entries.length,
        ...entries.flatMap((entry) => {
          const { ref1, attributes, akv, slot, label } = entry;
          const text = utf8(label);
          const kcv = checkValueOf(entry, { profile, transportKeys }).value;
          return [u16(ref1), ascii(attributes), u32(akv), u16(slot), kcv, text.length, text];
        }),
      ),
    );
  }

  /** Waits for the processing time of a command. @throws PowerCut when power was lost meanwhile */
  async #process(ms: number): Promise<void> {
    await sleep(this.#options.clock, ms);
    if (!this.#powered) throw new PowerCut('power was lost during the command');
  }
}

function createKeyStore(store: AsStore, random: (length: number) => Bytes) {
  return transportKeyStore({
    copyTransportKey: (_set, tkv) =>
      store.read(({ transportKeys }) => copyKey(transportKeys.find((t) => t.tkv === tkv))),
    isDiversified: () => store.read(({ profile }) => profile === 'diversified'),
    copyApplicationKey: (_set, ref1) =>
      store.read(({ entries }) => copyKey(entries.find((entry) => entry.ref1 === ref1))),
    signData: (message) => store.read(({ signingKey }) => signEd25519(signingKey, message)),
    random,
  });
}

function copyKey(found: { readonly key: Bytes } | undefined): Bytes {
  if (found === undefined) throw new RangeError('as-unit must look a key up before it copies the key');
  return copy(found.key);
}

/**
 * Returns the KCV of an entry. Returns NO_KCV for an erasure, which has no key, and for a new T in
 * a diversified set, where each unit receives a different K_D.
 */
function checkValueOf(
  entry: CardEntry,
  { profile, transportKeys }: Pick<CardContent, 'profile' | 'transportKeys'>,
): Kcv {
  const { attributes, akv, key } = entry;
  switch (entryKind(entry)) {
    case 'key':
      return keyCheckValue(attributes, key);
    case 'erasing':
      return NO_KCV;
    case 'transport-key': {
      const next = transportKeys.find(({ tkv }) => tkv === akv);
      return profile === 'diversified' || next === undefined ? NO_KCV : keyCheckValue(attributes, next.key);
    }
  }
}
