import assert from 'node:assert/strict';
import { isAbsolute, join, relative } from 'node:path';
import fc from 'fast-check';
import { folded, plainPath, SafePaths } from '../../../src/engine/extraction/safePaths.ts';

const pathOf = (name: string): string => new SafePaths().pathFor(name, 512);

describe('paths of members', () => {
  it('are what the tar names them, where that can be a path everywhere', () => {
    assert.equal(
      pathOf('Библиотека/Антон Чехов/Вишнёвый сад.fb2'),
      'Библиотека/Антон Чехов/Вишнёвый сад.fb2',
    );
    assert.equal(pathOf('./root//a/./16470000'), 'root/a/16470000');
  });

  it('stay inside the folder', () => {
    assert.equal(pathOf('../../x.epub'), '__/__/x.epub');
    assert.equal(pathOf('/etc/passwd'), 'etc/passwd');
    assert.equal(pathOf('..\\..\\x.epub'), '.._.._x.epub');
    assert.equal(pathOf('C:/x.epub'), 'C_/x.epub');
    assert.equal(pathOf('..'), '__');
    assert.equal(pathOf(''), '_member 512');
  });

  it('hold nothing that Windows refuses or takes for something else', () => {
    assert.equal(pathOf('con/NUL.epub/lpt1'), '_con/_NUL.epub/_lpt1');
    assert.equal(pathOf('ends with a dot./a '), 'ends with a dot_/a_');
    assert.equal(pathOf('what? "a*b".epub'), 'what_ _a_b_.epub');
  });

  it('keep the extension of a name that is too long', () => {
    const path = pathOf(`${'ж'.repeat(300)}.epub`);
    assert.ok(path.endsWith('ж.epub'));
    assert.ok(Buffer.byteLength(path) <= 255);
  });

  it('replace a path that is too long as a whole', () => {
    assert.equal(pathOf(`${'folder/'.repeat(200)}a.epub`), '_member 512.epub');
  });

  it('never are one of the marks', () => {
    assert.equal(pathOf('.tarshelf-extracting'), '_.tarshelf-extracting');
    assert.equal(pathOf('.TARSHELF-extracted'), '_.TARSHELF-extracted');
  });

  it('are told apart where names are equal, for a file system without case too', () => {
    const paths = new SafePaths();
    assert.equal(paths.pathFor('Book.epub', 0), 'Book.epub');
    assert.equal(paths.pathFor('book.EPUB', 1024), 'book [1024].EPUB');
    assert.equal(paths.pathFor('Book.epub', 2048), 'Book [2048].epub');
  });

  it('are told apart where one name is a folder of another', () => {
    const paths = new SafePaths();
    assert.equal(paths.pathFor('a', 0), 'a');
    assert.equal(paths.pathFor('a/b.epub', 512), '_member 512.epub');
    assert.equal(paths.pathFor('c/d.epub', 1024), 'c/d.epub');
    assert.equal(paths.pathFor('c', 1536), 'c [1536]');
  });

  it('are inside, distinct and the same every time, whatever the names', () => {
    const part = fc.oneof(
      fc.constantFrom(
        '..',
        '.',
        '',
        'a',
        'A',
        'ß',
        'SS',
        'con',
        '_member 0',
        'é',
        'e\u0301',
        'a.',
        'x'.repeat(300),
      ),
      fc.string({ unit: 'binary', maxLength: 5 }),
    );
    const names = fc.array(
      fc.array(part, { maxLength: 4 }).map(parts => parts.join('/')),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(names, all => {
        const paths = new SafePaths();
        const given = all.map((name, index) => paths.pathFor(name, index * 512));
        assert.equal(new Set(given.map(folded)).size, all.length);
        for (const path of given) {
          const way = relative('/root/folder', join('/root/folder', path));
          assert.ok(way !== '' && !way.startsWith('..') && !isAbsolute(way), path);
          assert.doesNotMatch(path, /\0|\\/);
          assert.ok(path.split('/').every(name => Buffer.byteLength(name) <= 255));
          assert.ok(!given.some(other => other.startsWith(`${path}/`)), path);
        }
        const again = new SafePaths();
        assert.deepEqual(
          all.map((name, index) => again.pathFor(name, index * 512)),
          given,
        );
      }),
    );
  });

  it('of other programs are looked up as the tar names them, and never outside', () => {
    assert.equal(plainPath('./a:b/c'), 'a:b/c');
    assert.equal(plainPath('/a/b'), 'a/b');
    assert.equal(plainPath('a/../../b'), null);
    assert.equal(plainPath('./'), null);
  });
});
