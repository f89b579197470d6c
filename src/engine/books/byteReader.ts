/** The bytes of a member, by position. */
export interface ByteReader {
  readonly sizeBytes: number;
  /** Up to `length` bytes; fewer where they end. */
  read(position: number, length: number): Promise<Buffer>;
}

export function bufferReader(bytes: Buffer): ByteReader {
  return {
    sizeBytes: bytes.length,
    read: (position, length) => Promise.resolve(bytes.subarray(position, position + length)),
  };
}
