// Benchmark 2: the number of bytes on a serial line for one key, in both directions, compared with
// the raw APDUs. The commands are GET CHALLENGE and IMPORTKEY with 100, 200 and 300 bytes of data.
// The raw APDUs are the shortest that ISO/IEC 7816-4 allows, with extended length only above 255
// bytes.
import { exchange } from '#protocol/apdu/chaining.ts';
import { encodeExtendedCommand, encodeShortCommand, fitsShort } from '#protocol/apdu/command-apdu.ts';
import { encodeResponse } from '#protocol/apdu/response-apdu.ts';
import { connect } from '#protocol/framing/connect.ts';
import { T1Card } from '#protocol/framing/t1-card.ts';
import { t1Host } from '#protocol/framing/t1-host.ts';
import { drive, PipeClock, pipe } from '#test/support/pipe.ts';
import { note, type Row, row } from './row.ts';

const LIMITS = [
  [100, 1.1],
  [200, 1.07],
  [300, 1.08],
] as const;

const GET_CHALLENGE = { cla: 0x80, ins: 0x84, p1: 0, p2: 1, data: new Uint8Array(0), ne: 256 };
const importKey = (length: number) => ({ cla: 0x80, ins: 0xd8, p1: 0, p2: 0, data: new Uint8Array(length), ne: 256 });
const CHALLENGE = encodeResponse(new Uint8Array(32), 0x9000);
const RECEIPT = encodeResponse(new Uint8Array(64), 0x9000);
const DONE = encodeResponse(new Uint8Array(0), 0x9000);

export async function wireBytes(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [length, limit] of LIMITS) {
    const ratio = (await count(length, true)) / raw(length);
    rows.push(row(2, `bytes on the serial line, IMPORTKEY with ${length} bytes`, ratio, limit, '× raw', 3));
  }
  const chained = (await count(300, false)) / raw(300);
  rows.push(note(2, '  300 bytes to a unit without extended length (command chaining)', `${chained.toFixed(3)} × raw`));
  return rows;
}

function raw(length: number): number {
  const command = importKey(length);
  const encoded = fitsShort(command) ? encodeShortCommand(command) : encodeExtendedCommand(command);
  return encodeShortCommand(GET_CHALLENGE).length + CHALLENGE.length + encoded.length + RECEIPT.length;
}

async function count(length: number, extendedLength: boolean): Promise<number> {
  const clock = new PipeClock();
  const { host, unit } = pipe(clock);
  drive(clock, unit, new T1Card(), async ([cla = 0, ins]) => {
    if (ins === GET_CHALLENGE.ins) return CHALLENGE;
    return cla & 0x10 ? DONE : RECEIPT;
  });
  const bytes = (): number => [...host.written, ...unit.written].reduce((sum, piece) => sum + piece.length, 0);
  return clock.run(
    (async () => {
      const transmit = await connect(host, t1Host(), clock.now);
      const opened = bytes();
      await exchange(transmit, GET_CHALLENGE, { extendedLength });
      await exchange(transmit, importKey(length), { extendedLength });
      return bytes() - opened;
    })(),
  );
}
