/** What an extended header says about the next member, as far as reading needs it. Absent where it says nothing. */
export interface PaxRecords {
  path?: Buffer;
  linkPath?: Buffer;
  /** NaN where it is no size. */
  sizeBytes?: number;
  isSparse?: boolean;
  /** The name of a sparse file; `path` is then that of a container made up by the writer. */
  sparseName?: Buffer;
}

const equalsSign = 0x3d;
const newline = 0x0a;
const space = 0x20;
const digit0 = 0x30;

/**
 * Adds the records of an extended header (`length key=value\n`, `length` in bytes and of the whole record) to
 * `known`. Goes by the lengths, because values may hold newlines and NULs. What comes after a record that is
 * none is left out: the member is then read by its own header, and the checks of the next header see to it
 * that nothing is lost in silence.
 */
export function readPaxRecords(bytes: Buffer, known: PaxRecords): void {
  let start = 0;
  while (start < bytes.length) {
    let length = 0;
    let at = start;
    for (; at < bytes.length && length < bytes.length; at++) {
      const digit = (bytes[at] ?? 0) - digit0;
      if (digit < 0 || digit > 9) break;
      length = length * 10 + digit;
    }
    const end = start + length;
    if (bytes[at] !== space || end <= at || end > bytes.length || bytes[end - 1] !== newline) return;
    const equals = bytes.indexOf(equalsSign, at);
    if (equals === -1 || equals >= end) return;
    setRecord(known, bytes.toString('latin1', at + 1, equals), bytes.subarray(equals + 1, end - 1));
    start = end;
  }
}

function setRecord(known: PaxRecords, key: string, value: Buffer): void {
  switch (key) {
    // An empty value takes an earlier record back.
    case 'path':
      if (value.length > 0) known.path = value;
      else delete known.path;
      break;
    case 'linkpath':
      if (value.length > 0) known.linkPath = value;
      else delete known.linkPath;
      break;
    case 'size':
      if (value.length > 0) known.sizeBytes = decimal(value);
      else delete known.sizeBytes;
      break;
    case 'GNU.sparse.name':
      known.isSparse = true;
      known.sparseName = value;
      break;
    default:
      if (key.startsWith('GNU.sparse.')) known.isSparse = true;
  }
}

function decimal(value: Buffer): number {
  const text = value.toString('latin1');
  return /^\d{1,19}$/.test(text) ? Number(text) : NaN;
}
