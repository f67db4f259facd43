/** A text as a QR code (ISO/IEC 18004): octets, error correction of level M, versions 1 to 20. Pure. */
import { html } from 'hono/html';
import type { Html } from './words.ts';

/** By version, from 1: codewords of error correction in each block, and blocks. */
const correction = [10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26];
const blocks = [1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16];

/** Rows of cells, true is dark; null: free for data. */
type Grid = (boolean | null)[][];

/** Null: the text is too long, which is over 666 octets. */
export function qrCode(text: string): boolean[][] | null {
  const octets = new TextEncoder().encode(text);
  for (let version = 1; version <= blocks.length; version++) {
    const grid = frame(version);
    const total = Math.floor(grid.flat().filter(cell => cell === null).length / 8);
    const room = total - correction[version - 1]! * blocks[version - 1]!;
    const data = codewords(octets, version, room);
    if (data) return filled(grid, interleaved(data, version, total));
  }
  return null;
}

/** One picture, dark on light in any scheme, with the quiet zone of four cells that readers need. */
export function qrPicture(text: string, label: string): Html | null {
  const code = qrCode(text);
  if (!code) return null;
  const side = code.length + 8;
  const dark = code.flatMap((row, y) => row.flatMap((cell, x) => (cell ? [`M${x + 4} ${y + 4}h1v1h-1z`] : [])));
  return html`<svg class="qr" viewBox="0 0 ${side} ${side}" role="img" aria-label="${label}" shape-rendering="crispEdges"><rect width="${side}" height="${side}" fill="#fff"/><path d="${dark.join('')}" fill="#000"/></svg>`;
}

/** What is the same in every code of a version. */
function frame(version: number): Grid {
  const size = 17 + 4 * version;
  const grid: Grid = Array.from({ length: size }, () => Array<boolean | null>(size).fill(null));
  const square = (cx: number, cy: number, radius: number, isDark: (ring: number) => boolean) => {
    for (let y = cy - radius; y <= cy + radius; y++)
      for (let x = cx - radius; x <= cx + radius; x++)
        if (grid[y]?.[x] !== undefined) grid[y]![x] = isDark(Math.max(Math.abs(x - cx), Math.abs(y - cy)));
  };
  for (let i = 0; i < size; i++) grid[6]![i] = grid[i]![6] = i % 2 === 0;
  const places = alignments(version, size);
  const inCorner = (x: number, y: number) => (x === 6 && y === 6) || (x + y === size - 1 && (x === 6 || y === 6));
  for (const y of places) for (const x of places) if (!inCorner(x, y)) square(x, y, 2, ring => ring !== 1);
  const finder = (x: number, y: number) => square(x, y, 4, ring => ring !== 2 && ring !== 4);
  finder(3, 3);
  finder(size - 4, 3);
  finder(3, size - 4);
  writeFormat(grid);
  if (version >= 7) writeVersion(grid, version);
  return grid;
}

function alignments(version: number, size: number): number[] {
  if (version === 1) return [];
  const count = Math.floor(version / 7) + 2;
  const step = Math.ceil((size - 13) / (2 * count - 2)) * 2;
  return [6, ...Array.from({ length: count - 1 }, (_, i) => size - 7 - i * step).reverse()];
}

/** Level M is 00 and the mask is 000, so what is written is what the standard lays over the format. */
function writeFormat(grid: Grid): void {
  const last = grid.length - 1;
  for (let i = 0; i < 15; i++) {
    const isDark = ((0x5412 >> i) & 1) === 1;
    if (i < 8) grid[i < 6 ? i : i + 1]![8] = grid[8]![last - i] = isDark;
    else grid[8]![i === 8 ? 7 : 14 - i] = grid[last - 14 + i]![8] = isDark;
  }
  grid[last - 7]![8] = true;
}

function writeVersion(grid: Grid, version: number): void {
  let rest = version << 12;
  for (let i = 16; i >= 12; i--) if ((rest >> i) & 1) rest ^= 0x1f25 << (i - 12);
  const bits = (version << 12) | rest;
  for (let i = 0; i < 18; i++) {
    const [a, b] = [grid.length - 11 + (i % 3), Math.floor(i / 3)];
    grid[a]![b] = grid[b]![a] = ((bits >> i) & 1) === 1;
  }
}

/** Mode, count, octets, end, padding; null: they do not fit. */
function codewords(octets: Uint8Array, version: number, room: number): number[] | null {
  const head = `0100${octets.length.toString(2).padStart(version < 10 ? 8 : 16, '0')}`;
  const bits = head + [...octets].map(o => o.toString(2).padStart(8, '0')).join('');
  if (bits.length > room * 8) return null;
  const ended = bits.padEnd(Math.min(room * 8, bits.length + 4), '0');
  const data = ended.match(/.{1,8}/g)!.map(eight => Number.parseInt(eight.padEnd(8, '0'), 2));
  for (let pad = 0xec; data.length < room; pad ^= 0xec ^ 0x11) data.push(pad);
  return data;
}

/** In blocks, each with its correction, and then by turns. */
function interleaved(data: number[], version: number, total: number): number[] {
  const [check, count] = [correction[version - 1]!, blocks[version - 1]!];
  const shorter = count - (total % count);
  const length = Math.floor(total / count) - check;
  const parts: number[][] = [];
  for (let i = 0, from = 0; i < count; i++) {
    const to = from + length + (i < shorter ? 0 : 1);
    parts.push(data.slice(from, to));
    from = to;
  }
  const checks = parts.map(part => remainder(part, check));
  const byTurns = (lists: number[][], most: number) =>
    Array.from({ length: most }, (_, i) => lists.flatMap(list => list.slice(i, i + 1))).flat();
  return [...byTurns(parts, length + 1), ...byTurns(checks, check)];
}

/** Reed and Solomon, in the field of 256 elements that 0x11d makes. */
function remainder(data: number[], count: number): number[] {
  let divisor = [1];
  for (let i = 0, root = 1; i < count; i++, root = product(root, 2))
    divisor = [...divisor, 0].map((c, k) => c ^ product(divisor[k - 1] ?? 0, root));
  const rest = [...data, ...Array<number>(count).fill(0)];
  for (const i of data.keys()) {
    const factor = rest[i]!;
    for (const [k, c] of divisor.entries()) rest[i + k]! ^= product(c, factor);
  }
  return rest.slice(data.length);
}

function product(a: number, b: number): number {
  let sum = 0;
  for (let bit = 7; bit >= 0; bit--) sum = (sum << 1) ^ (sum & 0x80 ? 0x11d : 0) ^ ((b >> bit) & 1 ? a : 0);
  return sum;
}

/**
 * The data goes up and down in columns of two, from the right, under the mask of a chessboard. The standard wants the
 * best of eight masks; readers take any, and what is encoded here is text, which makes no even areas under this one.
 */
function filled(grid: Grid, data: number[]): boolean[][] {
  const size = grid.length;
  let i = 0;
  for (let right = size - 1; right > 0; right -= right === 8 ? 3 : 2)
    for (let step = 0; step < size; step++) {
      const y = ((right + (right < 6 ? 0 : 1)) & 2) === 0 ? size - 1 - step : step;
      for (const x of [right, right - 1]) {
        if (grid[y]![x] !== null) continue;
        const bit = ((data[i >> 3] ?? 0) >> (7 - (i & 7))) & 1;
        grid[y]![x] = (bit === 1) !== ((x + y) % 2 === 0);
        i++;
      }
    }
  return grid.map(row => row.map(cell => cell === true));
}
