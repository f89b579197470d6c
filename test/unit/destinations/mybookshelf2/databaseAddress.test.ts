import assert from 'node:assert/strict';
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { databaseConfig } from '../../../../src/engine/destinations/mybookshelf2/databaseAddress.ts';
import { DestinationUnusable } from '../../../../src/engine/destinations/destination.ts';
import { useTempFolder } from '../../../support/tempFolder.ts';

describe('The address of a database', () => {
  const folder = useTempFolder();

  it('says user, host, port and database', () => {
    assert.deepEqual(databaseConfig('postgresql://b%40r@shelf.example:5433/my%20books'), {
      user: 'b@r',
      host: 'shelf.example',
      port: 5433,
      database: 'my books',
    });
    assert.deepEqual(databaseConfig('postgres://ebooks@[::1]/ebooks'), {
      user: 'ebooks',
      host: '::1',
      database: 'ebooks',
    });
    assert.deepEqual(databaseConfig('postgresql://ebooks@%2Frun%2Fpostgresql/ebooks'), {
      user: 'ebooks',
      host: '/run/postgresql',
      database: 'ebooks',
    });
  });

  it('leaves to the environment what it does not say', () => {
    assert.deepEqual(databaseConfig('postgresql:///ebooks'), { database: 'ebooks' });
    assert.deepEqual(databaseConfig('postgresql://shelf'), { host: 'shelf' });
  });

  it('asks for TLS with a checked certificate in every mode but disable', () => {
    const ssl = (query: string) => databaseConfig(`postgresql://u@h/d?${query}`).ssl;
    assert.equal(ssl(''), undefined);
    assert.equal(ssl('sslmode=disable'), false);
    for (const mode of ['require', 'verify-ca', 'verify-full']) {
      assert.deepEqual(ssl(`sslmode=${mode}`), { rejectUnauthorized: true });
    }
    const root = join(folder(), 'root.crt');
    writeFileSync(root, 'a certificate');
    const named = `sslrootcert=${encodeURIComponent(root)}`;
    assert.deepEqual(ssl(named), { rejectUnauthorized: true, ca: 'a certificate' });
  });

  it('is refused when it is none, is not understood, or holds a password, which is not repeated', () => {
    for (const wrong of [
      '',
      'shelf/ebooks',
      'http://u@h/d',
      'postgresql://u:hunter2@h/d',
      'postgresql://u@h/d?password=hunter2',
      'postgresql://u:hunter2@h:port/d',
      'postgresql://u@h/d?sslmode=no-verify',
      'postgresql://u@h/d?sslmode=prefer',
      'postgresql://u@h/d?ssl=false',
      'postgresql://u@h/%zz',
      'postgresql://u@h/d?sslrootcert=/no/such/file',
    ]) {
      assert.throws(
        () => databaseConfig(wrong),
        (thrown: unknown) =>
          thrown instanceof DestinationUnusable &&
          !thrown.message.includes('hunter2') &&
          !thrown.message.includes('\n'),
        wrong,
      );
    }
  });
});
