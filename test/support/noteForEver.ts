// Notes programs of calibre in the folder that it is given, one after another, until it is killed.
import { setTimeout as sleep } from 'node:timers/promises';
import { argv } from 'node:process';
import { noteProgram } from '../../src/engine/destinations/calibre/turn.ts';

for (let round = 0; ; round++) {
  noteProgram(process.pid, argv[2]);
  if (round === 0) process.stdout.write('begun\n');
  // Long enough for both halves of a note.
  await sleep(2);
}
