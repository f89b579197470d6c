import { constants, inflateRawSync, inflateSync } from 'node:zlib';
import { systemCode } from '../../../../protocol/errors.ts';
import { UnreadableBookError } from '../bookMetadata.ts';
import { damaged, type PdfDictionary, type PdfValue } from './pdfParser.ts';

/** Undoes the filters of a stream one after another. Throws before any of them makes more than `maxBytes`. */
export function applyFilters(
  data: Buffer,
  filters: readonly string[],
  parameters: readonly (PdfDictionary | undefined)[],
  maxBytes: number,
): Buffer {
  // Each filter may unpack what the one before has unpacked; no writer needs more than two.
  if (filters.length > 4) throw damaged();
  return filters.reduce((bytes, filter, index) => {
    switch (filter) {
      case 'FlateDecode':
      case 'Fl':
        return unpredicted(inflate(bytes, maxBytes), parameters[index]);
      case 'ASCIIHexDecode':
      case 'AHx':
        return Buffer.from(bytes.toString('latin1').replace(/>.*$/s, '').replace(/\s/g, ''), 'hex');
      case 'ASCII85Decode':
      case 'A85':
        return ascii85(bytes, maxBytes);
      case 'Crypt':
        return bytes;
      default:
        throw new UnreadableBookError(`its streams are packed with ${filter}`);
    }
  }, data);
}

function inflate(data: Buffer, maxBytes: number): Buffer {
  // With this flag a stream that is cut off gives what there is of it.
  const options = { maxOutputLength: maxBytes, finishFlush: constants.Z_SYNC_FLUSH };
  try {
    return inflateSync(data, options);
  } catch (thrown) {
    if (systemCode(thrown) === 'ERR_BUFFER_TOO_LARGE') throw tooLong();
  }
  try {
    // A wrong checksum or header: the data behind it may be whole.
    return inflateRawSync(data.subarray(2), options);
  } catch {
    throw damaged();
  }
}

function tooLong(): UnreadableBookError {
  return new UnreadableBookError('it unpacks to more than metadata can need');
}

/** Rows may be stored as differences to the pixel before or the row above, as in PNG. */
function unpredicted(bytes: Buffer, parameters: PdfDictionary | undefined): Buffer {
  const predictor = numberIn(parameters, 'Predictor', 1);
  if (predictor < 10) return bytes;
  const bits = numberIn(parameters, 'Colors', 1) * numberIn(parameters, 'BitsPerComponent', 8);
  const rowBytes = Math.ceil((bits * numberIn(parameters, 'Columns', 1)) / 8);
  const pixelBytes = Math.max(1, Math.ceil(bits / 8));
  if (!(rowBytes >= 1 && rowBytes <= 1_000_000)) throw damaged();
  const rows = Math.floor(bytes.length / (rowBytes + 1));
  const out = Buffer.alloc(rows * rowBytes);
  for (let row = 0; row < rows; row++) {
    const kind = bytes[row * (rowBytes + 1)] ?? 0;
    const from = row * (rowBytes + 1) + 1;
    const to = row * rowBytes;
    // As writers store cross-references: a hundred thousand rows of a few bytes each.
    if (kind === 2) {
      if (row === 0) bytes.copy(out, to, from, from + rowBytes);
      else
        for (let at = to; at < to + rowBytes; at++)
          out[at] = (bytes[at + row + 1] ?? 0) + (out[at - rowBytes] ?? 0);
      continue;
    }
    for (let index = 0; index < rowBytes; index++) {
      const left = index >= pixelBytes ? (out[to + index - pixelBytes] ?? 0) : 0;
      const above = row > 0 ? (out[to + index - rowBytes] ?? 0) : 0;
      const corner = row > 0 && index >= pixelBytes ? (out[to + index - rowBytes - pixelBytes] ?? 0) : 0;
      out[to + index] = (bytes[from + index] ?? 0) + predicted(kind, left, above, corner);
    }
  }
  return out;
}

function predicted(kind: number, left: number, above: number, corner: number): number {
  switch (kind) {
    case 1:
      return left;
    case 2:
      return above;
    case 3:
      return (left + above) >> 1;
    case 4: {
      const estimate = left + above - corner;
      const toLeft = Math.abs(estimate - left);
      const toAbove = Math.abs(estimate - above);
      const toCorner = Math.abs(estimate - corner);
      if (toLeft <= toAbove && toLeft <= toCorner) return left;
      return toAbove <= toCorner ? above : corner;
    }
    default:
      return 0;
  }
}

function numberIn(dictionary: PdfDictionary | undefined, key: string, otherwise: number): number {
  const value: PdfValue = dictionary?.get(key);
  return typeof value === 'number' ? value : otherwise;
}

function ascii85(bytes: Buffer, maxBytes: number): Buffer {
  // A `z` stands for four bytes, so one byte may become four.
  if (bytes.length * 4 > maxBytes) throw tooLong();
  const out: number[] = [];
  let group: number[] = [];
  const flush = (): void => {
    const missing = 5 - group.length;
    const value = [...group, ...Array.from({ length: missing }, () => 84)].reduce(
      (sum, d) => sum * 85 + d,
      0,
    );
    for (let index = 0; index < 4 - missing; index++) out.push(Math.floor(value / 256 ** (3 - index)) & 0xff);
    group = [];
  };
  for (const byte of bytes) {
    if (byte === 0x7e) break;
    if (byte === 0x7a && group.length === 0) out.push(0, 0, 0, 0);
    if (byte < 0x21 || byte > 0x75) continue;
    group.push(byte - 0x21);
    if (group.length === 5) flush();
  }
  if (group.length > 1) flush();
  return Buffer.from(out);
}
