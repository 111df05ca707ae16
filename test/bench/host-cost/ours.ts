// Our cases of benchmark 4: the product's code from Transmit (which sends one APDU) down to the
// browser's USB and serial objects. For comparison, two cases use these objects directly.
import { encodeIBlock, encodeSBlock, type SequenceBit } from '#protocol/framing/t1-block.ts';
import { PROFILES } from '#web/transport/device-profiles.ts';
import { Links } from '#web/transport/links.ts';
import { NATIVE, timeouts } from '#web/transport/timer.ts';
import { type Case, COMMAND, RESPONSE, SIZE } from './exchange.ts';
import { instantSerial, instantUsb, type Reply } from './instant.ts';

function rawSerial(): Case {
  const { readable, writable } = instantSerial(() => [RESPONSE]);
  const reader = readable.getReader();
  const writer = writable.getWriter();
  return {
    name: 'raw serial stream',
    async run(count) {
      for (let i = 0; i < count; i++) {
        await writer.write(COMMAND.slice());
        const { value } = await reader.read();
        if (value?.length !== SIZE) throw new Error('the raw stream answered wrongly');
      }
    },
  };
}

function rawUsb(): Case {
  const device = instantUsb(() => [RESPONSE]);
  return {
    name: 'raw USB transfers',
    async run(count) {
      for (let i = 0; i < count; i++) {
        await device.transferOut(3, COMMAND.slice());
        const { data } = await device.transferIn();
        if (data.byteLength !== SIZE) throw new Error('the raw device answered wrongly');
      }
    },
  };
}

/** Simulates a T=1 card that answers with I-blocks that were encoded in advance. */
function instantT1(): Reply {
  const answers = [encodeIBlock(0, false, RESPONSE, 'crc'), encodeIBlock(1, false, RESPONSE, 'crc')] as const;
  let next: SequenceBit = 0;
  return (block) => {
    const pcb = block[1] ?? 0;
    if (pcb === 0xc0) {
      next = 0;
      return [encodeSBlock('resynch', true, 0, 'crc')];
    }
    if (pcb === 0xc1) return [encodeSBlock('ifs', true, block[3] ?? 0, 'crc')];
    const answer = answers[next];
    next = next === 0 ? 1 : 0;
    return [answer];
  };
}

/**
 * Simulates a CCID reader that answers with messages that were encoded in advance. Only bSeq is set
 * for each answer.
 */
function instantCcid(): Reply {
  const message = (type: number, data: Uint8Array): Uint8Array =>
    Uint8Array.of(type, data.length & 0xff, data.length >> 8, 0, 0, 0, 0, 0, 0, 0, ...data);
  const atr = Uint8Array.of(0x3b, 0x85, 0x81, 0x71, 0xfe, 0x45, 0x01, 0x80, 0x73, 0x80, 0x01, 0xc0, 0x7d);
  const answers: Readonly<Record<number, Uint8Array>> = {
    98: message(0x80, atr),
    101: message(0x81, new Uint8Array(0)),
    111: message(0x80, RESPONSE),
  };
  return (command) => {
    const answer = (answers[command[0] ?? 0] ?? message(0x81, new Uint8Array(0))).slice();
    answer[6] = command[6] ?? 0;
    return [answer];
  };
}

/** Creates a case with the product's code: Links, the port, the framing and Transmit. */
async function ours(name: string, kind: 'usb' | 'serial', handle: object): Promise<Case> {
  const quiet = { addEventListener: () => undefined, removeEventListener: () => undefined };
  const links = new Links({
    usb: (kind === 'usb' ? { ...quiet, getDevices: async () => [handle] } : undefined) as USB | undefined,
    serial: (kind === 'serial' ? { ...quiet, getPorts: async () => [handle] } : undefined) as Serial | undefined,
    platform: 'linux',
    profiles: () => PROFILES,
    timer: timeouts(NATIVE),
    now: () => performance.now(),
  });
  const [link] = await links.remembered();
  if (link === undefined) throw new Error(`${name}: no link`);
  const { transmit } = await link.open();
  return {
    name,
    async run(count) {
      for (let i = 0; i < count; i++) {
        const answer = await transmit(COMMAND);
        if (answer.length !== SIZE) throw new Error(`${name} answered wrongly`);
      }
    },
  };
}

/** Returns the average number of USB calls per exchange, in each direction. */
export async function usbCallsPerExchange(): Promise<{ readonly out: number; readonly in: number }> {
  const device = instantUsb(instantCcid());
  const { run } = await ours('counted', 'usb', device);
  const before = { ...device.counts };
  await run(100);
  return { out: (device.counts.out - before.out) / 100, in: (device.counts.in - before.in) / 100 };
}

export async function ourCases(): Promise<Case[]> {
  return [
    rawSerial(),
    await ours('Keyferry, serial (T=1)', 'serial', instantSerial(instantT1())),
    rawUsb(),
    await ours('Keyferry, USB (CCID)', 'usb', instantUsb(instantCcid())),
  ];
}
