/**
 * Bytes for whoever does not take shared memory, in which small bodies come to their reader: decoders, zlib and ciphers on some
 * versions of the platform. Only what lies there is copied, so ask for no more than is needed.
 */
export function ownBytes(bytes: Buffer): Buffer {
  return bytes.buffer instanceof SharedArrayBuffer ? Buffer.from(bytes) : bytes;
}
