// The text in the code of a printed label (docs/protocol.md clause 9.3).
import { decodeQR } from 'qr/decode.js';
import { expect, it } from 'vitest';
import { encodeLabel, readLabel } from '#protocol/orders/label.ts';
import { qrCode } from '#web/ui/sign-in/qr-code.ts';

const SN = '00000000000000004549000000000007';
const TEXT = `KF1 ${SN} 08D7B4FB62`;

it('has the serial number, which a station compares', () => {
  expect(encodeLabel(SN, '08d7b4fb62')).toBe(TEXT);
  expect(readLabel(` ${TEXT}\n`)).toBe(SN);
});

it('is no other text', () => {
  expect(readLabel('4549 0007')).toBe(`${'0'.repeat(24)}45490007`);
  for (const text of [`KF2 ${SN} 08D7B4FB62`, `KF1 ${SN}`, `${TEXT}0`, '']) expect(readLabel(text)).toBeUndefined();
});

it('is read from the code by the decoder of the label page', () => {
  const [scale, margin] = [4, 4];
  const modules = qrCode(TEXT);
  const side = (modules.length + 2 * margin) * scale;
  const data = new Uint8ClampedArray(side * side * 4).fill(0xff);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const isDark = modules[Math.floor(y / scale) - margin]?.[Math.floor(x / scale) - margin] === true;
      if (isDark) data.fill(0, (y * side + x) * 4, (y * side + x) * 4 + 3);
    }
  }
  expect(decodeQR({ width: side, height: side, data })).toBe(TEXT);
});
