import assert from 'node:assert/strict';
import { Emitter, type Subscription } from '../../../src/client/emitter.ts';
import type { DestinationOptions } from '../../../src/protocol/ingestOptions.ts';
import { noSecrets } from '../../../src/protocol/secrets.ts';
import { secretNames, StoredSecrets, type SecretStorage } from '../../../src/settings/storedSecrets.ts';

/** VS Code's storage as all windows see it; the real one is behind the tests in a real extension host. */
class MemoryStorage implements SecretStorage {
  readonly held = new Map<string, string>();
  /** What it throws, as where there is no keyring. */
  failure: Error | null = null;
  readonly #changes = new Emitter<undefined>();

  onDidChange(listener: () => void): Subscription {
    return this.#changes.on(listener);
  }

  get(key: string): Promise<string | undefined> {
    if (this.failure) return Promise.reject(this.failure);
    return Promise.resolve(this.held.get(key));
  }

  store(key: string, value: string): Promise<void> {
    if (this.failure) return Promise.reject(this.failure);
    this.held.set(key, value);
    this.#changes.emit(undefined);
    return Promise.resolve();
  }

  delete(key: string): Promise<void> {
    if (this.failure) return Promise.reject(this.failure);
    this.held.delete(key);
    this.#changes.emit(undefined);
    return Promise.resolve();
  }
}

function server(apiUrl: string, userName = 'ann', database: string | null = null): DestinationOptions {
  return {
    kind: 'mybookshelf2',
    apiUrl,
    webSocketUrl: 'ws://localhost:8080/ws',
    userName,
    fallbackLanguage: null,
    database,
  };
}

function calibre(library: string, userName: string | null): DestinationOptions {
  return { kind: 'calibre', library, userName, declined: 'add-format' };
}

describe('stored secrets', () => {
  const make = (): { storage: MemoryStorage; secrets: StoredSecrets } => {
    const storage = new MemoryStorage();
    return { storage, secrets: new StoredSecrets(storage) };
  };

  it('are kept for one kind, address and user, and for no other', async () => {
    const { secrets } = make();
    await secrets.keep(server('http://one'), { ...noSecrets, password: 'hush' });
    assert.equal((await secrets.of(server('http://one/'))).password, 'hush');
    assert.equal((await secrets.of(server('HTTP://ONE'))).password, 'hush');
    const others = [
      server('http://two'),
      server('https://one'),
      server('http://one:8080'),
      server('http://one', 'bob'),
      calibre('http://one', 'ann'),
    ];
    for (const other of others) assert.deepEqual(await secrets.of(other), noSecrets);
  });

  it('are one for all libraries of a content server', async () => {
    const { secrets } = make();
    await secrets.keep(calibre('http://localhost:8080/#one', 'ann'), { ...noSecrets, password: 'hush' });
    assert.equal((await secrets.of(calibre('http://localhost:8080/#two', 'ann'))).password, 'hush');
  });

  it('are no part of a destination that asks for none', async () => {
    const { storage, secrets } = make();
    for (const open of [
      { kind: 'library', folder: '/library' } as const,
      calibre('/library', null),
      calibre('http://localhost:8080', null),
    ]) {
      assert.deepEqual(secretNames(open), noSecrets);
      assert.equal(await secrets.isPasswordMissing(open), false);
      await secrets.keep(open, { password: 'hush', databasePassword: 'hush' });
    }
    assert.equal(storage.held.size, 0);
  });

  it('have the password of a database beside that of the user, where there is a database', async () => {
    const { storage, secrets } = make();
    const both = { password: 'one', databasePassword: 'two' };
    const destination = server('http://one', 'ann', 'postgresql://ebooks@localhost/ebooks');
    await secrets.keep(destination, both);
    assert.deepEqual(await secrets.of(destination), both);
    assert.deepEqual(await secrets.of(server('http://one')), { ...noSecrets, password: 'one' });
    await secrets.keep(destination, { ...both, databasePassword: null });
    assert.equal(storage.held.size, 1);
  });

  it('tell when they are missing, and that they changed in whatever window', async () => {
    const { storage, secrets } = make();
    const mine = server('http://one');
    let changes = 0;
    secrets.onDidChange(() => changes++);
    assert.equal(await secrets.isPasswordMissing(mine), true);
    await secrets.keep(mine, { ...noSecrets, password: 'hush' });
    assert.equal(await secrets.isPasswordMissing(mine), false);
    assert.equal(changes, 1);
    // Another window signs out.
    await new StoredSecrets(storage).forget(mine);
    assert.equal(changes, 2);
    assert.equal(await secrets.isPasswordMissing(mine), true);
    assert.equal(await secrets.forget(mine), false);
  });

  it('last for the session where there is no keyring, and are stored once there is one', async () => {
    const storage = new MemoryStorage();
    storage.failure = new Error('no keyring');
    const problems: unknown[] = [];
    const secrets = new StoredSecrets(storage, thrown => problems.push(thrown));
    const mine = server('http://one', 'ann', 'postgresql://ebooks@localhost/ebooks');
    let changes = 0;
    secrets.onDidChange(() => changes++);
    assert.equal(await secrets.isPasswordMissing(mine), true);
    assert.equal(await secrets.keep(mine, { ...noSecrets, password: 'hush' }), false);
    assert.ok(changes > 0);
    assert.equal(await secrets.isPasswordMissing(mine), false);
    assert.deepEqual(await secrets.of(mine), { ...noSecrets, password: 'hush' });
    assert.deepEqual(await new StoredSecrets(storage).of(mine), noSecrets);
    assert.ok(problems.every(problem => problem === storage.failure));
    assert.equal(await secrets.forget(mine), true);
    assert.equal(await secrets.isPasswordMissing(mine), true);
    storage.failure = null;
    assert.equal(await secrets.keep(mine, { ...noSecrets, password: 'new' }), true);
    assert.equal((await new StoredSecrets(storage).of(mine)).password, 'new');
  });

  it('are not called forgotten where they cannot be', async () => {
    const { storage, secrets } = make();
    const mine = server('http://one');
    await secrets.keep(mine, { ...noSecrets, password: 'hush' });
    storage.delete = () => Promise.reject(new Error('read-only'));
    await assert.rejects(secrets.forget(mine), /read-only/);
    assert.equal(await secrets.isPasswordMissing(mine), false);
  });
});
