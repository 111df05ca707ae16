// EXPORTKEY of an AS card (docs/protocol.md clause 4.2, claims 2 to 6 and 18): the request contains
// R, REF1, SN and CHM, and the response is DATA.
import { MAX_SHORT_NE } from '../apdu/command-apdu.ts';
import { type Bytes, concat, copy, requireLength } from '../bytes/bytes.ts';
import { u16 } from '../bytes/integers.ts';
import { decodeData } from '../tkl/data.ts';
import type { SuiteId } from '../tkl/suites.ts';
import type { Command } from './command.ts';

export interface ExportKeyRequest {
  readonly suite: SuiteId;
  /** Requests DATA with SIG. */
  readonly signed: boolean;
  readonly tkv: number;
  /** R, 16 bytes. */
  readonly random: Uint8Array;
  readonly ref1: number;
  /** 16 bytes. */
  readonly sn: Uint8Array;
  /** CHM, 16 bytes. */
  readonly challengeMac: Uint8Array;
}

const SIGNED = 0x80;

export const exportKey: Command<ExportKeyRequest, Bytes> = {
  name: 'EXPORTKEY',
  encode: ({ suite, signed, tkv, random, ref1, sn, challengeMac }) => {
    requireLength('random', random, 16);
    requireLength('sn', sn, 16);
    requireLength('challengeMac', challengeMac, 16);
    return {
      cla: 0x80,
      ins: 0xda,
      p1: suite | (signed ? SIGNED : 0),
      p2: tkv,
      data: concat(random, u16(ref1), sn, challengeMac),
      ne: MAX_SHORT_NE,
    };
  },
  /** Returns DATA unchanged. @throws ProtocolError data-malformed */
  decode: (data) => {
    decodeData(data);
    return copy(data);
  },
};
