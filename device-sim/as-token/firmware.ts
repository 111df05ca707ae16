// The firmware of an AS token card. unit/unit.ts personalises and starts it.
import { type Bytes, wipe } from '#protocol/bytes/bytes.ts';
import { ascii } from '#protocol/bytes/text.ts';
import type { AsFirmware } from '../unit/firmware.ts';
import { AsCard, type AsLatency } from './card.ts';
import type { CardContent } from './content.ts';
import { AsStore } from './store.ts';

export interface AsFirmwareOptions {
  /** SN of the card, 16 bytes. */
  readonly sn: Bytes;
  readonly content: CardContent;
  /** 4 to 12 digits. */
  readonly pin: string;
  readonly latency: AsLatency;
}

/** @throws RangeError when the PIN is invalid */
export function asFirmware({ sn, content, pin, latency }: AsFirmwareOptions): AsFirmware {
  if (!/^\d{4,12}$/.test(pin)) throw new RangeError('a PIN has 4 to 12 digits');
  return {
    kind: 'as',
    sn,
    personalise(memory) {
      const block = new Uint8Array(12).fill(0xff);
      block.set(ascii(pin));
      new AsStore(memory).issue(content, block);
      wipe(block);
    },
    start: (options) => new AsCard({ ...options, latency }),
  };
}
