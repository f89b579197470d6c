/** The bytes of a member, by position. */
export interface ByteReader {
  readonly sizeBytes: number;
  /** Up to `length` bytes; fewer where they end. */
  read(position: number, length: number): Promise<Buffer>;
}

/** What is read is a copy: the bytes may lie in shared memory, which not everybody can read. */
export function bufferReader(bytes: Buffer): ByteReader {
  return {
    sizeBytes: bytes.length,
    read: (position, length) => Promise.resolve(Buffer.from(bytes.subarray(position, position + length))),
  };
}
