import { randomUUID } from 'node:crypto';
import type { RequestBody } from './httpClient.ts';

/** A form with one file, sent as its bytes come: nothing of it is held. */
export function multipartFile(
  file: { name: string; contentType: string; bytes: number },
  chunks: () => AsyncIterable<Buffer> | Iterable<Buffer>,
): RequestBody {
  const boundary = `tarshelf-${randomUUID()}`;
  const head = Buffer.from(
    `--${boundary}\r\n` +
      `Content-Disposition: form-data; name="file"; filename="${file.name}"\r\n` +
      `Content-Type: ${file.contentType}\r\n\r\n`,
  );
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    bytes: head.length + file.bytes + tail.length,
    async *chunks() {
      yield head;
      yield* chunks();
      // Not before the book has proved whole: what is cut off here is no book to the server.
      yield tail;
    },
  };
}
