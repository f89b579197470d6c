import { sentence } from './sentences.ts';

/**
 * What a worker's note says when a person has paused it. By it clients tell such a worker from one that was paused
 * because it was started again too often, which waits for somebody to look after it.
 */
export const pausedByPerson = sentence('pausedByPerson');
