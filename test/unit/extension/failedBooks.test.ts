import assert from 'node:assert/strict';
import { TarshelfError } from '../../../src/protocol/errors.ts';
import type { FailedBook, FailedTar } from '../../../src/protocol/progressFile.ts';
import { noCounts, type TarState } from '../../../src/protocol/snapshot.ts';
import { FailedBooks } from '../../../src/views/failedBooks.ts';
import { ManualTimers } from './manualTimers.ts';
import { tarState } from './sampleStates.ts';

function book(headerOffset: number): FailedBook {
  const reason = { code: 'BOOK_NOT_READABLE', message: 'It cannot be read.' } as const;
  return {
    header_offset: headerOffset,
    size: 1000,
    file: `${String(headerOffset)}.epub`,
    ...reason,
    attempts: 1,
  };
}

function tarWith(failed: number, change: Partial<TarState> = {}): TarState {
  return tarState({ phase: 'completedWithErrors', counts: { ...noCounts(), failed }, ...change });
}

describe('FailedBooks', () => {
  function parts() {
    const timers = new ManualTimers();
    const state = { tars: [tarWith(2)], recorded: [book(1024), book(512)], asked: 0, fails: false };
    const again: string[] = [];
    const books = new FailedBooks(
      () => {
        state.asked++;
        if (state.fails) return Promise.reject(new TarshelfError('PROGRESS_NOT_READABLE', 'Mend it.'));
        const tars: FailedTar[] = [{ tar: 'books-1.tar', worker: 1, books: state.recorded, message: null }];
        return Promise.resolve(tars);
      },
      () => state.tars,
      tar => again.push(tar),
      timers,
    );
    const offsets = async (): Promise<number[]> =>
      (await books.of(state.tars[0]!)).map(failed => failed.header_offset);
    return { timers, state, again, books, offsets };
  }

  it('asks once for all tars, and tells the books in the order of the tar', async () => {
    const { state, books, offsets } = parts();
    state.tars.push(tarWith(0, { name: 'books-2.tar' }));
    assert.deepEqual(await offsets(), [512, 1024]);
    assert.deepEqual(await books.of(state.tars[1]!), []);
    await offsets();
    assert.equal(state.asked, 1);
  });

  it('asks again when the counts of the tar have changed, or when another run has begun', async () => {
    const { state, books, offsets } = parts();
    await offsets();
    state.recorded.push(book(2048));
    state.tars = [tarWith(3)];
    assert.deepEqual(await offsets(), [512, 1024, 2048]);
    books.forget();
    await offsets();
    assert.equal(state.asked, 3);
  });

  it('does not ask for each failure of a tar that is being read, and looks again later', async () => {
    const { timers, state, again, offsets } = parts();
    state.tars = [tarWith(2, { phase: 'running' })];
    await offsets();
    for (let failed = 3; failed < 20; failed++) {
      state.tars = [tarWith(failed, { phase: 'running' })];
      state.recorded.push(book(failed * 1024));
      await offsets();
      timers.advance(100);
    }
    assert.equal(state.asked, 1);
    timers.advance(5000);
    assert.deepEqual(again, ['books-1.tar']);
    assert.equal((await offsets()).length, state.recorded.length);
    assert.equal(state.asked, 2);
  });

  it('asks at once when the tar has come to its end', async () => {
    const { state, offsets } = parts();
    state.tars = [tarWith(2, { phase: 'running' })];
    await offsets();
    state.tars = [tarWith(2)];
    await offsets();
    assert.equal(state.asked, 2);
  });

  it('hands on why it could not be told, and asks anew the next time', async () => {
    const { state, offsets } = parts();
    state.fails = true;
    await assert.rejects(offsets(), /Mend it/);
    state.fails = false;
    assert.deepEqual(await offsets(), [512, 1024]);
  });
});
