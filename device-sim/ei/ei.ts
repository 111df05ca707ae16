// The application of the EI (docs/protocol.md clauses 3, 4 and 8). unit/card.ts runs it on each
// link. Written from the specification, so that this file shares no code with the page's commands.
import { type Bytes, concat, copy, wipe } from '#protocol/bytes/bytes.ts';
import { fromHex } from '#protocol/bytes/hex.ts';
import { u16, u32 } from '#protocol/bytes/integers.ts';
import { ascii } from '#protocol/bytes/text.ts';
import { challengeMac, deriveChallengeKey } from '#protocol/tkl/challenge.ts';
import { TRANSPORT_KEY_SLOT } from '#protocol/tkl/header.ts';
import { deriveDeviceKey } from '#protocol/tkl/key-tree.ts';
import { isSuiteId, type KdfFamily, type SuiteId } from '#protocol/tkl/suites.ts';
import { type Application, type Instruction, Refusal } from '../unit/card.ts';
import { sleep } from '../unit/clock.ts';
import type { Program, ProgramOptions } from '../unit/firmware.ts';
import { PowerCut } from '../unit/memory.ts';
import { type LinkChallenge, PersistentChallenge, VolatileChallenge } from './challenge.ts';
import { type EiConfiguration, familyOf } from './configuration.ts';
import { importKey } from './import.ts';
import { EiStore } from './store.ts';

const AID = fromHex('F0544B4C3101');

const GET_IDENTITY = 0xca;
const GET_CHALLENGE = 0x84;
const IMPORT_KEY = 0xd8;
const GET_RECEIPT = 0xcb;
const IDENTIFY = 0xce;

/** Processing times of the commands, in ms. */
export interface Latency {
  readonly identity: number;
  readonly challenge: number;
  readonly importKey: number;
}

export const NO_LATENCY: Latency = { identity: 0, challenge: 0, importKey: 0 };

export interface EiOptions extends ProgramOptions {
  readonly latency: Latency;
}

export class Ei implements Program {
  readonly configuration: EiConfiguration;
  readonly #family: KdfFamily;
  readonly #options: EiOptions;
  readonly #store: EiStore;
  #powered = true;

  /**
   * Powers up the unit.
   * @throws PowerCut when power is cut during recovery
   * @throws RangeError when the configuration is invalid
   */
  constructor(configuration: EiConfiguration, options: EiOptions) {
    this.configuration = configuration;
    this.#family = familyOf(configuration);
    this.#options = options;
    this.#store = new EiStore(options.memory, configuration.slots);
    this.#store.recover();
  }

  losePower(): void {
    this.#powered = false;
  }

  application(link: string): Application {
    const challenge = this.configuration.capabilities.keepsChallenge
      ? new PersistentChallenge(this.#store, link)
      : new VolatileChallenge();
    const { extendedLength, identify } = this.configuration.capabilities;
    const instructions = [
      this.#getIdentity(),
      this.#getChallenge(challenge),
      this.#importKey(challenge),
      this.#getReceipt(),
    ];
    if (identify) instructions.push(this.#identify());
    return {
      aid: AID,
      extendedLength,
      instructions,
      select: async () => {
        challenge.reset();
        await this.#process(this.#options.latency.identity);
        return this.#identity();
      },
      reset: () => challenge.reset(),
    };
  }

  #getIdentity(): Instruction {
    return {
      ins: GET_IDENTITY,
      chained: false,
      accepts: (p1, p2) => p1 === 0 && p2 === 0,
      run: async ({ data }) => {
        if (data.length !== 0) throw new Refusal(0x6700);
        await this.#process(this.#options.latency.identity);
        return this.#identity();
      },
    };
  }

  #getChallenge(challenge: LinkChallenge): Instruction {
    return {
      ins: GET_CHALLENGE,
      chained: false,
      accepts: (p1) => p1 === 0,
      run: async ({ data, p2: suite }) => {
        if (data.length !== 0) throw new Refusal(0x6700);
        if (!isSuiteId(suite) || !this.configuration.suites.includes(suite)) throw new Refusal(0x6a80);
        await this.#process(this.#options.latency.challenge);
        const random = this.#options.random(16);
        const mac = this.#challengeMac(suite, random);
        challenge.set({ suite, random: copy(random) });
        return concat(random, mac);
      },
    };
  }

  #importKey(challenge: LinkChallenge): Instruction {
    const { clock, latency } = this.#options;
    const context = {
      configuration: this.configuration,
      family: this.#family,
      store: this.#store,
      clock,
      isPowered: () => this.#powered,
    };
    return {
      ins: IMPORT_KEY,
      chained: true,
      accepts: (p1, p2) => p1 === 0 && p2 === 0,
      run: async ({ data }) => {
        const pending = challenge.take();
        await this.#process(latency.importKey);
        return importKey(context, pending, data);
      },
    };
  }

  #getReceipt(): Instruction {
    return {
      ins: GET_RECEIPT,
      chained: false,
      accepts: () => true,
      run: async ({ data, p1, p2 }) => {
        if (data.length !== 0) throw new Refusal(0x6700);
        await this.#process(this.#options.latency.identity);
        const ref2 = p1 * 0x100 + p2;
        const stored = ref2 === TRANSPORT_KEY_SLOT ? this.#store.transportImport() : this.#slotImport(ref2);
        if (stored === undefined) throw new Refusal(0x6a88);
        return copy(stored.receipt);
      },
    };
  }

  #identify(): Instruction {
    return {
      ins: IDENTIFY,
      chained: false,
      accepts: (p1, p2) => p1 === 0 && p2 === 0,
      run: ({ data }) => {
        if (data.length !== 0) throw new Refusal(0x6700);
        this.#options.onIdentify();
        return new Uint8Array(0);
      },
    };
  }

  #slotImport(ref2: number) {
    const slot = this.#store.slot(ref2);
    wipe(slot?.key);
    return slot;
  }

  #challengeMac(suite: SuiteId, random: Bytes): Bytes {
    const transport = this.#store.transportKey();
    if (transport === undefined) throw new Refusal(0x6985);
    const { set, tkv, key } = transport;
    const { sn, profile } = this.configuration;
    const unit = { set, tkv, sn };
    let deviceKey: Bytes | undefined;
    let challengeKey: Bytes | undefined;
    try {
      deviceKey = profile === 'diversified' ? key : deriveDeviceKey(this.#family, key, unit);
      challengeKey = deriveChallengeKey(suite, deviceKey, unit);
      return challengeMac(challengeKey, { suite, unit, random });
    } finally {
      wipe(key, deviceKey, challengeKey);
    }
  }

  #identity(): Bytes {
    const { sn, profile, suites, slots, signatureRequired, capabilities, firmware } = this.configuration;
    const transport = this.#store.transportKey();
    wipe(transport?.key);
    return concat(
      0x01,
      sn,
      u32(transport?.set ?? 0),
      transport?.tkv ?? 0,
      profile === 'diversified' ? 0x01 : 0x00,
      suites.length,
      Uint8Array.from(suites),
      transport === undefined ? 0x00 : 0x03,
      this.#store.tries.left,
      signatureRequired ? 0x01 : 0x00,
      (capabilities.keepsChallenge ? 1 : 0) | (capabilities.extendedLength ? 2 : 0) | (capabilities.identify ? 4 : 0),
      u32(firmware),
      slots.length,
      ...slots.map((ref2) => this.#slotIdentity(ref2)),
    );
  }

  #slotIdentity(ref2: number): Bytes {
    const slot = this.#store.slot(ref2);
    const holdsKey = slot !== undefined && slot.key.length > 0;
    wipe(slot?.key);
    if (!holdsKey) return concat(u16(ref2), 0x00, u32(slot?.akv ?? 0), new Uint8Array(12));
    return concat(u16(ref2), 0x01, u32(slot.akv), ascii(slot.attributes), slot.kcv.value);
  }

  /** Waits for the processing time of a command. @throws PowerCut when power was lost meanwhile */
  async #process(ms: number): Promise<void> {
    await sleep(this.#options.clock, ms);
    if (!this.#powered) throw new PowerCut('power was lost during the command');
  }
}
