import { MyBookshelf2Server, type MyBookshelf2Options } from './mybookshelf2Server.ts';
import { PlainClient } from './plainClient.ts';

/** A server of one test, and a client that has signed in there. */
export interface ShelfFixture {
  readonly server: MyBookshelf2Server;
  readonly client: PlainClient;
  /** Puts another server in the place of the one with default options. */
  readonly serve: (options: MyBookshelf2Options) => Promise<void>;
}

/** Gives each test of the suite a server of its own, and closes it after. Call within `describe`. */
export function useMyBookshelf2(options: MyBookshelf2Options = {}): ShelfFixture {
  let current: Pick<ShelfFixture, 'server' | 'client'> | undefined;
  const close = async (): Promise<void> => {
    await current?.server.close();
    current = undefined;
  };
  const serve = async (chosen: MyBookshelf2Options): Promise<void> => {
    await close();
    const server = await MyBookshelf2Server.start(chosen);
    current = { server, client: await PlainClient.signedIn(server) };
  };
  beforeEach(() => serve(options));
  afterEach(close);
  return {
    get server() {
      return current!.server;
    },
    get client() {
      return current!.client;
    },
    serve,
  };
}
