import assert from 'node:assert/strict';
import { proxyEnvironment } from '../../../src/settings/proxyEnvironment.ts';

const unset = { proxy: '', support: 'override', noProxy: [] };
const proxy = 'http://proxy.example:3128';

describe('the environment of an engine', () => {
  it('is that of the window where no proxy is set', () => {
    const env = { HOME: '/home' };
    assert.deepEqual(proxyEnvironment(env, unset), env);
    assert.deepEqual(proxyEnvironment(env, { ...unset, proxy: 7 }), env);
  });

  it('names the proxy that VS Code goes through, and who is excepted', () => {
    assert.deepEqual(proxyEnvironment({ HOME: '/home' }, { ...unset, proxy: ` ${proxy} ` }), {
      HOME: '/home',
      HTTP_PROXY: proxy,
      HTTPS_PROXY: proxy,
    });
    const env = proxyEnvironment({}, { ...unset, proxy, noProxy: ['localhost', 'shelf.example'] });
    assert.equal(env['NO_PROXY'], 'localhost,shelf.example');
  });

  it('keeps a proxy of its own, and has none where VS Code uses none', () => {
    for (const own of [{ https_proxy: 'http://other' }, { HTTP_PROXY: '' }])
      assert.deepEqual(proxyEnvironment(own, { ...unset, proxy }), own);
    assert.deepEqual(proxyEnvironment({}, { ...unset, proxy, support: 'off' }), {});
    const kept = proxyEnvironment({ no_proxy: 'here' }, { ...unset, proxy, noProxy: ['there'] });
    assert.deepEqual([kept['no_proxy'], kept['NO_PROXY']], ['here', undefined]);
  });
});
