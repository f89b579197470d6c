// Takes two members in hand and waits to be killed: node handHolder.ts PATH
import { HandFile } from '../../src/engine/progress/handFile.ts';

const hand = HandFile.open(process.argv[2] ?? '');
hand.begin('set.tar', 7);
hand.drop(hand.take(512));
hand.take(1024);
hand.take(8 * 1024 ** 4);
process.send?.('holds');
setInterval(() => undefined, 1000);
