// The QR code of a root key. The expected modules were made by the npm package qrcode 1.5.4 and
// decoded by jsQR 1.4.0.
import { describe, expect, it } from 'vitest';
import { MAX_QR_CHARACTERS, qrCode } from '#web/ui/sign-in/qr-code.ts';

const TEXT = '5C0A 91E3 7F42 D86B 0E9D 34B7 A1F8 6C25';
const MODULES = `
#######..#..#.....#######
#.....#...###.##..#.....#
#.###.#.###.#..#..#.###.#
#.###.#..###.#.##.#.###.#
#.###.#...#.....#.#.###.#
#.....#..#....###.#.....#
#######.#.#.#.#.#.#######
........###.#.###........
###.#####.####.####...#..
.....#....##.#.#....#....
....#.####.....#.....##.#
..###..##..####...##.###.
..#..####...##..#.#.###.#
.....#...#.#..##..#......
#....##..###....#.####.#.
.#..#...#.#.#...##.##..##
#..####.###.##..#####.##.
........#.##.#.##...##.#.
#######.#..##.###.#.###..
#.....#.#####.###...#.#.#
#.###.#.#.#..##.#######.#
#.###.#........#.######..
#.###.#.###########.#.#.#
#.....#.#.###..##...#####
#######.#..#.###........#`;

describe('the QR code', () => {
  it('equals the code of another encoder', () => {
    expect(
      `\n${qrCode(TEXT)
        .map((row) => row.map((isDark) => (isDark ? '#' : '.')).join(''))
        .join('\n')}`,
    ).toBe(MODULES);
  });

  it('differs for each text', () => {
    expect(qrCode(TEXT.replace('5', '6'))).not.toEqual(qrCode(TEXT));
  });

  it('refuses a text that does not fit', () => {
    expect(qrCode('A'.repeat(MAX_QR_CHARACTERS))).toHaveLength(25);
    expect(() => qrCode('A'.repeat(MAX_QR_CHARACTERS + 1))).toThrow(RangeError);
    expect(() => qrCode('a')).toThrow(RangeError);
  });
});
