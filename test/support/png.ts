// Writes PNG images of one colour, for tests.
import { crc32, deflateSync } from 'node:zlib';

/** Returns an image of `width` × `height` pixels, 8 bits of grey each (PNG clause 11.2.2). */
export function png(width: number, height: number): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  // Each row begins with a byte that names its filter. 0 means no filter.
  const pixels = Buffer.alloc(height * (width + 1), 0x40);
  for (let row = 0; row < height; row++) pixels[row * (width + 1)] = 0;
  const signature = Buffer.from('89504E470D0A1A0A', 'hex');
  const chunks = [chunk('IHDR', header), chunk('IDAT', deflateSync(pixels)), chunk('IEND', Buffer.alloc(0))];
  return new Uint8Array(Buffer.concat([signature, ...chunks]));
}

function chunk(name: string, content: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(name), content]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(content.length);
  check.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, check]);
}
