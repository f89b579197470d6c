import assert from 'node:assert/strict';
import { isDeath, isFromOutside, mayBlameTar } from '../../../src/engine/supervisor/crew/causeOfEnd.ts';
import type { Cause, Stopping } from '../../../src/engine/supervisor/crew/crewWorker.ts';
import type { ProcessEnd } from '../../../src/engine/supervisor/crew/workerProcess.ts';

const clean: ProcessEnd = { how: 'exit code 0', isClean: true };
const crash: ProcessEnd = { how: 'SIGSEGV', isClean: false };
const kill: ProcessEnd = { how: 'SIGKILL', isClean: false };

const stopping = (cause: Cause, rung: Stopping['rung'] = null): Stopping => ({
  then: 'restart',
  cause,
  rung,
});

describe('the end of a process', () => {
  it('is a death where nobody asked for it, even if it left with all said', () => {
    for (const end of [clean, crash, kill]) assert.ok(isDeath(stopping('died'), end));
  });

  it('is a death where it had to be stopped for a trouble', () => {
    for (const trouble of ['stuck', 'silent', 'memory'] as const)
      for (const rung of ['gentle', 'terminated', 'killed'] as const)
        assert.ok(isDeath(stopping(trouble, rung), kill), `${trouble}, ${rung}`);
  });

  it('is none where it was asked and left by itself', () => {
    for (const rung of [null, 'gentle', 'terminated', 'killed'] as const)
      assert.ok(!isDeath(stopping('asked', rung), clean), String(rung));
  });

  it('is one where it was asked and died of something else before anything was done to it', () => {
    assert.ok(isDeath(stopping('asked'), crash));
    assert.ok(isDeath(stopping('asked', 'gentle'), crash));
    assert.ok(!isDeath(stopping('asked', 'terminated'), crash));
    assert.ok(!isDeath(stopping('asked', 'killed'), kill));
  });

  it('blames the tar, but not where a process that was too large left by itself', () => {
    assert.ok(!mayBlameTar(stopping('memory', 'gentle'), clean));
    assert.ok(mayBlameTar(stopping('memory', 'killed'), kill));
    assert.ok(mayBlameTar(stopping('stuck', 'gentle'), clean));
    assert.ok(mayBlameTar(stopping('died'), clean));
  });

  it('is from outside by a signal that nobody sends himself, unless it was ours', () => {
    assert.ok(isFromOutside('died', kill));
    assert.ok(isFromOutside('asked', { how: 'SIGTERM', isClean: false }));
    assert.ok(!isFromOutside('died', crash));
    assert.ok(!isFromOutside('died', { how: 'exit code 1', isClean: false }));
    for (const trouble of ['stuck', 'silent', 'memory'] as const) assert.ok(!isFromOutside(trouble, kill));
  });
});
