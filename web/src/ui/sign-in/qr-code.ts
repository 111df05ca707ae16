// Encodes the fingerprint of a root key, or the label of a unit, as a QR code (ISO/IEC 18004):
// version 2-L, alphanumeric mode, mask 0. One version is enough, because both texts have a fixed
// length. Lazily loaded.

/** Modules per side in version 2. */
export const QR_SIZE = 25;
const DATA_BYTES = 34;
const CHECK_BYTES = 10;
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:';
/** Capacity of version 2-L. */
export const MAX_QR_CHARACTERS = 47;
/** Format information: error correction L and mask 0, with the check bits of the standard. */
const FORMAT = 0b111011111000100;

/**
 * Returns the rows of modules; `true` is a dark module.
 * @throws RangeError if the text is too long or contains a character that the alphanumeric mode
 *   lacks
 */
export function qrCode(text: string): readonly (readonly boolean[])[] {
  const data = dataBytes(text);
  const bits = [...data, ...checkBytes(data)].flatMap((byte) => bitsOf(byte, 8));
  const modules = emptyGrid();
  drawFunctionPatterns(modules);
  drawData(modules, bits);
  return modules.map((row) => row.map((module) => module === true));
}

function bitsOf(value: number, length: number): number[] {
  return Array.from({ length }, (_, i) => (value >> (length - 1 - i)) & 1);
}

function dataBytes(text: string): number[] {
  const values = [...text].map((character) => ALPHABET.indexOf(character));
  if (values.length > MAX_QR_CHARACTERS || values.includes(-1))
    throw new RangeError('the QR code cannot hold the text');
  const bits = [...bitsOf(0b0010, 4), ...bitsOf(values.length, 9)];
  for (let i = 0; i < values.length; i += 2) {
    const [first = 0, second] = [values[i], values[i + 1]];
    bits.push(...(second === undefined ? bitsOf(first, 6) : bitsOf(first * 45 + second, 11)));
  }
  bits.push(...bitsOf(0, Math.min(4, DATA_BYTES * 8 - bits.length)));
  while (bits.length % 8 !== 0) bits.push(0);
  const bytes = Array.from({ length: bits.length / 8 }, (_, i) =>
    bits.slice(i * 8, i * 8 + 8).reduce((byte, bit) => (byte << 1) | bit, 0),
  );
  for (let pad = 0xec; bytes.length < DATA_BYTES; pad ^= 0xec ^ 0x11) bytes.push(pad);
  return bytes;
}

/** Product in GF(256) with the polynomial of the standard, 0x11D. */
function multiply(a: number, b: number): number {
  let product = 0;
  for (let bit = 7; bit >= 0; bit--) product = (product << 1) ^ ((product >> 7) * 0x11d) ^ (((b >> bit) & 1) * a);
  return product;
}

/**
 * Computes the Reed-Solomon check bytes: the remainder of the data divided by the generator
 * polynomial.
 */
function checkBytes(data: readonly number[]): number[] {
  let generator = [1];
  for (let i = 0, root = 1; i < CHECK_BYTES; i++, root = multiply(root, 2)) {
    const factor = root;
    generator = [...generator, 0].map((term, at) => term ^ multiply(generator[at - 1] ?? 0, factor));
  }
  const remainder = [...data, ...Array<number>(CHECK_BYTES).fill(0)];
  for (let i = 0; i < data.length; i++) {
    const lead = remainder[i] ?? 0;
    for (const [at, term] of generator.entries()) remainder[i + at] = (remainder[i + at] ?? 0) ^ multiply(term, lead);
  }
  return remainder.slice(data.length);
}

/** Rows of modules. A module is undefined until data is drawn there. */
type Grid = (boolean | undefined)[][];

function emptyGrid(): Grid {
  return Array.from({ length: QR_SIZE }, () => Array<boolean | undefined>(QR_SIZE).fill(undefined));
}

function set(grid: Grid, x: number, y: number, dark: boolean): void {
  const row = grid[y];
  if (row && x >= 0 && x < QR_SIZE) row[x] = dark;
}

function drawFunctionPatterns(grid: Grid): void {
  for (let i = 0; i < QR_SIZE; i++) {
    set(grid, 6, i, i % 2 === 0);
    set(grid, i, 6, i % 2 === 0);
  }
  for (const [x, y] of [
    [3, 3],
    [QR_SIZE - 4, 3],
    [3, QR_SIZE - 4],
  ] as const) {
    drawSquare(grid, x, y, 4, (ring) => ring !== 2 && ring !== 4);
  }
  drawSquare(grid, QR_SIZE - 7, QR_SIZE - 7, 2, (ring) => ring !== 1);
  drawFormat(grid);
}

/** Draws concentric square rings around the module (x, y). */
function drawSquare(grid: Grid, x: number, y: number, radius: number, isDark: (ring: number) => boolean): void {
  for (let dy = -radius; dy <= radius; dy++) {
    for (let dx = -radius; dx <= radius; dx++) set(grid, x + dx, y + dy, isDark(Math.max(Math.abs(dx), Math.abs(dy))));
  }
}

function drawFormat(grid: Grid): void {
  const bit = (i: number): boolean => ((FORMAT >> i) & 1) === 1;
  for (let i = 0; i < 6; i++) set(grid, 8, i, bit(i));
  set(grid, 8, 7, bit(6));
  set(grid, 8, 8, bit(7));
  set(grid, 7, 8, bit(8));
  for (let i = 9; i < 15; i++) set(grid, 14 - i, 8, bit(i));
  for (let i = 0; i < 8; i++) set(grid, QR_SIZE - 1 - i, 8, bit(i));
  for (let i = 8; i < 15; i++) set(grid, 8, QR_SIZE - 15 + i, bit(i));
  set(grid, 8, QR_SIZE - 8, true);
}

/**
 * Draws the data bits, two columns at a time from right to left, alternately upwards and downwards.
 * Skips column 6, the timing pattern.
 */
function drawData(grid: Grid, bits: readonly number[]): void {
  let next = 0;
  let isUpward = true;
  for (let right = QR_SIZE - 1; right > 0; right -= 2) {
    if (right === 6) right = 5;
    for (let step = 0; step < QR_SIZE; step++) {
      const y = isUpward ? QR_SIZE - 1 - step : step;
      for (const x of [right, right - 1]) {
        if (grid[y]?.[x] !== undefined) continue;
        const isMasked = (x + y) % 2 === 0;
        set(grid, x, y, ((bits[next] ?? 0) === 1) !== isMasked);
        next++;
      }
    }
    isUpward = !isUpward;
  }
}
