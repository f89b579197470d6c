import { zlibSync } from 'fflate';
import { crc32 } from 'node:zlib';
import type { SampleBook } from './sampleBook.ts';
import { bookNumber } from './sampleBook.ts';

const width = 120;
const height = 180;
const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** A small PNG cover: a coloured cloth binding with a label, its colour given by the title. */
export function makeCover(book: SampleBook): Buffer {
  const number = bookNumber(book);
  const cloth = [(number & 0x7f) + 0x20, ((number >>> 8) & 0x7f) + 0x20, ((number >>> 16) & 0x7f) + 0x20];
  const spine = cloth.map(part => part >> 1);
  const label = [0xf4, 0xee, 0xdc];
  const rows = Buffer.alloc(height * (width + 1));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const onLabel = x >= 28 && x < 108 && y >= 30 && y < 74;
      const onLine = onLabel && (y === 34 || y === 69);
      // The first byte of each row is its filter: none.
      rows[y * (width + 1) + 1 + x] = x < 12 || onLine ? 1 : onLabel ? 2 : 0;
    }
  }
  const size = Buffer.alloc(13);
  size.writeUInt32BE(width, 0);
  size.writeUInt32BE(height, 4);
  // 8 bits a pixel, colours from the palette.
  size.set([8, 3, 0, 0, 0], 8);
  return Buffer.concat([
    signature,
    chunk('IHDR', size),
    chunk('PLTE', Buffer.from([...cloth, ...spine, ...label])),
    chunk('IDAT', Buffer.from(zlibSync(rows, { level: 9 }))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const typed = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const whole = Buffer.alloc(typed.length + 8);
  whole.writeUInt32BE(data.length, 0);
  typed.copy(whole, 4);
  whole.writeUInt32BE(crc32(typed), typed.length + 4);
  return whole;
}
