// A reader that meets in some books what no reader should: stands for a parser with a fault that nobody has found.
import { parentPort } from 'node:worker_threads';

parentPort.on('message', books => {
  parentPort.postMessage(books.map(({ memberName }) => read(memberName)));
});

function read(memberName) {
  if (memberName.includes('loop')) for (;;);
  if (memberName.includes('heap')) {
    const kept = [];
    for (;;) kept.push(new Array(1000).fill(kept.length));
  }
  if (memberName.includes('crash')) throw new Error('a fault of the reader');
  if (memberName.includes('exit')) process.exit(3);
  return { title: memberName, authors: [], language: null, warning: null };
}
