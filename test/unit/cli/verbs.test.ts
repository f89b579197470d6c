import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { Output } from '../../../src/cli/output.ts';
import { verbs } from '../../../src/cli/verbs/verbs.ts';

describe('a verb of the command line', () => {
  for (const [name, verb] of verbs) {
    it(`says what it does, whatever else is missing or too much: ${name}`, async () => {
      const helpOf = async (...args: string[]): Promise<string> => {
        const stdout = new PassThrough();
        const code = await verb.run(args, {
          ...{ stdout: new Output(stdout), stderr: new Output(new PassThrough()), env: {}, signals: process },
          ...{ currentFolder: '/nowhere', programFolder: '/nowhere', leave: () => assert.fail('it left') },
        });
        assert.equal(code, 0);
        return String(stdout.read());
      };
      const help = await helpOf('--help');
      assert.match(help, new RegExp(`^Usage: tarshelf ${name} (?:.* )?\\[options\\]\n\n`));
      assert.match(help, /^ {2}-h, --help +this text\n\n(?:.*\n)*Exit code: /m);
      assert.equal(await helpOf('-h', 'a', 'b'), help);
    });
  }
});
