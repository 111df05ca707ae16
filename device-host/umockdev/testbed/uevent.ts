// Encodes a device event as udevd sends it to libudev monitors. The format is
// monitor_netlink_header of sd-device in systemd, version feedcafe.

export type UeventAction = 'add' | 'remove';

export interface Uevent {
  readonly action: UeventAction;
  /** Path below /sys. */
  readonly syspath: string;
  readonly subsystem: string;
  /** Number of the event. Each event has a higher number than the one before. */
  readonly sequence: number;
  readonly properties: Readonly<Record<string, string>>;
}

const HEADER_LENGTH = 40;
const MAGIC = 0xfeedcafe;

export function encodeUevent({ action, syspath, subsystem, sequence, properties }: Uevent): Buffer {
  const all = { ACTION: action, DEVPATH: syspath, SUBSYSTEM: subsystem, SEQNUM: `${sequence}`, ...properties };
  const body = Buffer.from(
    Object.entries(all)
      .map(([key, value]) => `${key}=${value}\0`)
      .join(''),
  );
  const header = Buffer.alloc(HEADER_LENGTH);
  header.write('libudev\0');
  header.writeUInt32BE(MAGIC, 8);
  header.writeUInt32LE(HEADER_LENGTH, 12);
  // Offset and length of the properties.
  header.writeUInt32LE(HEADER_LENGTH, 16);
  header.writeUInt32LE(body.length, 20);
  header.writeUInt32BE(murmurHash2(subsystem), 24);
  if (properties.DEVTYPE !== undefined) header.writeUInt32BE(murmurHash2(properties.DEVTYPE), 28);
  return Buffer.concat([header, body]);
}

/**
 * Computes MurmurHash2 with seed 0. The socket filter of a monitor compares the hashes of names.
 */
export function murmurHash2(text: string): number {
  const bytes = Buffer.from(text);
  const m = 0x5bd1e995;
  let hash = bytes.length;
  let offset = 0;
  for (; bytes.length - offset >= 4; offset += 4) {
    let word = Math.imul(bytes.readUInt32LE(offset), m);
    word = Math.imul(word ^ (word >>> 24), m);
    hash = Math.imul(hash, m) ^ word;
  }
  const rest = bytes.length - offset;
  if (rest > 0) hash = Math.imul(hash ^ bytes.readUIntLE(offset, rest), m);
  hash = Math.imul(hash ^ (hash >>> 13), m);
  return (hash ^ (hash >>> 15)) >>> 0;
}
