// A device event as udevd passes it on to libudev's monitors (systemd, sd-device: monitor_netlink_header, version feedcafe): umockdev
// hands such datagrams to the program. Octets only.

export type UeventAction = 'add' | 'remove';

export interface Uevent {
  readonly action: UeventAction;
  /** From /sys on. */
  readonly syspath: string;
  readonly subsystem: string;
  /** Counts up over all events. */
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
  // Where the properties begin and how long they are.
  header.writeUInt32LE(HEADER_LENGTH, 16);
  header.writeUInt32LE(body.length, 20);
  header.writeUInt32BE(murmurHash2(subsystem), 24);
  if (properties.DEVTYPE !== undefined) header.writeUInt32BE(murmurHash2(properties.DEVTYPE), 28);
  return Buffer.concat([header, body]);
}

/** MurmurHash2 with seed 0, by which a monitor's socket filter compares names. */
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
