// The class descriptor, ATR and T=1 parameters of a smart card reader (CCID 1.1 clause 5.1). A host
// uses a unit with this class (0B) over PC/SC.
import { type Bytes, concat } from '#protocol/bytes/bytes.ts';
import { fromHex } from '#protocol/bytes/hex.ts';
import { ATR } from '#protocol/framing/ccid-device.ts';
import { MAX_CCID_MESSAGE } from '#protocol/framing/ccid-message.ts';
import type { Edc } from '#protocol/framing/edc.ts';
import { MAX_IFS } from '#protocol/framing/t1-block.ts';
import { le32 } from './little-endian.ts';
import { DescriptorType } from './setup-packet.ts';

/**
 * The level at which the host sends commands. XfrBlock contains an APDU, or a T=1 block (TPDU) that
 * the host encodes.
 */
export type ReaderLevel = 'apdu' | 'tpdu';

/**
 * Bits of dwFeatures for what the reader does automatically: ATR parameters, activation, voltage,
 * clock, baud rate and PPS.
 */
const AUTOMATIC = 0x0000_00be;
/**
 * Bits of dwFeatures for each level. APDU: the reader negotiates IFSD (400) and has extended APDU
 * level (40000). TPDU: the reader has TPDU level (10000).
 */
const LEVEL = { apdu: 0x0004_0400, tpdu: 0x0001_0000 } as const;

export const DEFAULT_CLOCK_KHZ = 4000;
export const DATA_RATE_BPS = 10_753;

const PROTOCOL_T1 = 0x0000_0002;
/** No mechanical features, no display and no keypad. */
const NONE = 0;

export function encodeSmartCardDescriptor(level: ReaderLevel): Bytes {
  const words = (...values: number[]): number[] => values.flatMap(le32);
  const content = [
    ...[0x10, 0x01],
    // bMaxSlotIndex, and bVoltageSupport with 5 V, 3 V and 1.8 V.
    ...[0, 0x07],
    ...words(PROTOCOL_T1, DEFAULT_CLOCK_KHZ, DEFAULT_CLOCK_KHZ),
    1,
    ...words(DATA_RATE_BPS, DATA_RATE_BPS),
    1,
    // dwMaxIFSD, dwSynchProtocols, dwMechanical, dwFeatures, dwMaxCCIDMessageLength
    ...words(MAX_IFS, NONE, NONE, AUTOMATIC | LEVEL[level], MAX_CCID_MESSAGE),
    // bClassGetResponse and bClassEnvelope. FF means the class of the command.
    ...[0xff, 0xff],
    // wLcdLayout, bPINSupport, bMaxCCIDBusySlots
    ...[NONE, NONE, NONE, 1],
  ];
  return concat(2 + content.length, DescriptorType.smartCard, Uint8Array.from(content));
}

/**
 * The ATR of each level. TC3 announces CRC at APDU level (docs/protocol.md clause 5.2) and LRC at
 * TPDU level. At TPDU level the host computes the EDC, and libccid (Linux, macOS) omits the final
 * complement of its CRC: its S(IFS 254) ends with 54 4E instead of AB B1. A card with CRC would
 * request each block again until libccid gives up the reader. The tests of protocol/framing cover
 * the CRC, because no test with libccid does.
 */
export const CARD_ATR: Readonly<Record<ReaderLevel, Bytes>> = {
  apdu: ATR,
  tpdu: fromHex('3B 85 81 71 FE 45 00 80 73 80 01 C0 7C'),
};

/** The error detection code that the TPDU-level ATR announces in TC3. */
export const BLOCK_EDC: Edc = 'lrc';

/** Returns abProtocolDataStructure for T=1 (CCID 1.1 clause 6.1.7), computed from the ATR. */
export function t1Parameters(level: ReaderLevel): Bytes {
  const [, , , , ta3 = 0, tb3 = 0, tc3 = 0] = CARD_ATR[level];
  const FACTORS = 0x11; // Fi = 372, Di = 1
  const DIRECT_CONVENTION = 0x10;
  return Uint8Array.of(FACTORS, DIRECT_CONVENTION | tc3, 0, tb3, 0, ta3, 0);
}
