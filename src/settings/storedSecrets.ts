import { Emitter, type Subscription } from '../client/emitter.ts';
import type { DestinationOptions } from '../protocol/ingestOptions.ts';
import type { Secrets } from '../protocol/secrets.ts';

/** The names under which a destination's secrets are kept; null where there is nothing to keep secret. */
export type SecretNames = Readonly<Record<keyof Secrets, string | null>>;

/**
 * Names are made of the kind, the address and the user, so that no server is ever handed what was given for
 * another, and a change of the settings back and forth forgets nothing.
 */
export function secretNames(destination: DestinationOptions): SecretNames {
  switch (destination.kind) {
    case 'library':
    case 'none':
      return { password: null, databasePassword: null };
    case 'calibre':
      return {
        password:
          destination.userName === null
            ? null
            : nameOf(destination.kind, serverOf(destination.library), destination.userName),
        databasePassword: null,
      };
    case 'mybookshelf2':
    case 'mybookshelf2-cli':
      return {
        password: nameOf(destination.kind, serverOf(destination.apiUrl), destination.userName),
        databasePassword: destination.database === null ? null : nameOf('database', destination.database, ''),
      };
    default:
      return destination satisfies never;
  }
}

function nameOf(kind: string, address: string, userName: string): string {
  return JSON.stringify([kind, address, userName]);
}

/** A content server has one list of users for all its libraries, which stand behind `#`. */
function serverOf(address: string): string {
  const url = URL.parse(address);
  if (!url) return address;
  url.hash = '';
  return url.href;
}

/** VS Code's own, as far as it is used here. */
export interface SecretStorage {
  get(name: string): PromiseLike<string | undefined>;
  store(name: string, secret: string): PromiseLike<void>;
  delete(name: string): PromiseLike<void>;
  onDidChange(listener: () => void): Subscription;
}

/**
 * What VS Code keeps secret for this extension. Nothing of it is kept in memory, for another window may change it: but
 * for what could not be stored, where there is no keyring or it is locked. That lasts as long as the window.
 */
export class StoredSecrets {
  readonly #storage: SecretStorage;
  readonly #onProblem: (thrown: unknown) => void;
  readonly #changes = new Emitter<undefined>();
  readonly #listening: Subscription;
  /** What could not be stored, by name. */
  readonly #ofSession = new Map<string, string>();

  /** @param onProblem told when the storage fails; what was asked of it is done for the session */
  constructor(storage: SecretStorage, onProblem: (thrown: unknown) => void = () => undefined) {
    this.#storage = storage;
    this.#onProblem = onProblem;
    this.#listening = storage.onDidChange(() => {
      this.#changes.emit(undefined);
    });
  }

  /** Fires when a secret was kept or forgotten, in any window. */
  onDidChange(listener: () => void): Subscription {
    return this.#changes.on(listener);
  }

  /** What is kept for a destination. */
  async of(destination: DestinationOptions): Promise<Secrets> {
    const names = secretNames(destination);
    return {
      password: await this.#get(names.password),
      databasePassword: await this.#get(names.databasePassword),
    };
  }

  /** Whether a destination asks for a password, and none is kept for it. */
  async isPasswordMissing(destination: DestinationOptions): Promise<boolean> {
    const { password } = secretNames(destination);
    return password !== null && (await this.#get(password)) === null;
  }

  /**
   * Keeps what there is, and forgets what there is none of.
   *
   * @returns whether all of it is there in the next session, too
   */
  async keep(destination: DestinationOptions, secrets: Secrets): Promise<boolean> {
    const names = secretNames(destination);
    const isPasswordStored = await this.#put(names.password, secrets.password);
    return (await this.#put(names.databasePassword, secrets.databasePassword)) && isPasswordStored;
  }

  /** Returns whether there was anything to forget. */
  async forget(destination: DestinationOptions): Promise<boolean> {
    const { password, databasePassword } = await this.of(destination);
    await this.keep(destination, { password: null, databasePassword: null });
    return password !== null || databasePassword !== null;
  }

  dispose(): void {
    this.#listening.dispose();
  }

  async #get(name: string | null): Promise<string | null> {
    if (name === null) return null;
    const ofSession = this.#ofSession.get(name);
    if (ofSession !== undefined) return ofSession;
    try {
      return (await this.#storage.get(name)) ?? null;
    } catch (thrown) {
      this.#onProblem(thrown);
      return null;
    }
  }

  /** Returns whether it was done in the storage. */
  async #put(name: string | null, secret: string | null): Promise<boolean> {
    if (name === null) return true;
    this.#ofSession.delete(name);
    try {
      if (secret === null) await this.#storage.delete(name);
      else await this.#storage.store(name, secret);
      return true;
    } catch (thrown) {
      // What is still there is not to be called forgotten.
      if (secret === null && (await this.#get(name)) !== null) throw thrown;
      this.#onProblem(thrown);
      if (secret !== null) this.#ofSession.set(name, secret);
      this.#changes.emit(undefined);
      return secret === null;
    }
  }
}
