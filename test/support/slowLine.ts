import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Shorter waits cost more than they are worth. */
const shortestMs = 10;

/** A line to a server that takes only so many bytes a second; what the server says comes back as it is. */
export async function slowLine(
  port: number,
  bytesPerSecond: number,
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const sockets = new Set<{ destroy(): unknown }>();
  const server = createServer(incoming => {
    const outgoing = connect(port, '127.0.0.1');
    for (const socket of [incoming, outgoing]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        incoming.destroy();
        outgoing.destroy();
      });
    }
    outgoing.pipe(incoming);
    void (async () => {
      const begunAt = performance.now();
      let sent = 0;
      for await (const chunk of incoming as AsyncIterable<Buffer>) {
        outgoing.write(chunk);
        sent += chunk.length;
        const aheadMs = (sent * 1000) / bytesPerSecond - (performance.now() - begunAt);
        if (aheadMs > shortestMs) await sleep(aheadMs);
      }
      outgoing.end();
    })().catch(() => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
