import assert from 'node:assert/strict';
import * as v from 'valibot';
import {
  encodeMessage,
  encodeRequest,
  workerMessageSchema,
  workerRequestSchema,
  type WorkerMessage,
  type WorkerRequest,
} from '../../../src/protocol/workerMessages.ts';

const keys = [
  { sha1: '0123456789abcdef0123456789abcdef01234567', sizeBytes: 0 },
  { sha1: 'f'.repeat(40), sizeBytes: Number.MAX_SAFE_INTEGER },
];

function sent(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

describe('messages between an engine and a worker', () => {
  for (const event of [
    { type: 'claim:request', id: 7, keys },
    { type: 'claim:request', id: 8, keys: [] },
    { type: 'claim:outcomes', stored: keys, failed: keys.slice(1) },
    { type: 'notice', message: 'as it is' },
  ] satisfies WorkerMessage['event'][])
    it(`come as they were sent: ${JSON.stringify(event)}`, () => {
      const message = { lease: { tar: 'a.tar', epoch: 2 }, event };
      assert.deepEqual(v.parse(workerMessageSchema, sent(encodeMessage(message))), message);
    });

  it('come as they were sent: verdicts of every kind', () => {
    const request: WorkerRequest = {
      type: 'claim:answer',
      id: 7,
      verdicts: [
        { kind: 'claimed' },
        { kind: 'pending' },
        { kind: 'duplicate', layer: 'own' },
        { kind: 'duplicate', layer: 'others' },
        { kind: 'duplicate', layer: 'destination' },
      ],
    };
    assert.deepEqual(v.parse(workerRequestSchema, sent(encodeRequest(request))), request);
  });

  const sha1 = 'a'.repeat(40);
  for (const text of [
    'x',
    sha1,
    `${sha1}-`,
    `${sha1}- `,
    `${sha1}-1`,
    `${sha1}-1  `,
    `${sha1}-1 ${sha1}`,
    `${sha1}--1 `,
    `${sha1}-1.5 `,
    `${sha1}-9007199254740992 `,
    `${sha1}-${'9'.repeat(400)} `,
    `${sha1.toUpperCase()}-1 `,
    `${sha1.slice(1)}-1 `,
    `${sha1}a-1 `,
    `${sha1.slice(1)}g-1 `,
    ` ${sha1}-1 `,
    null,
    [{ sha1, sizeBytes: 1 }],
  ])
    it(`are refused where keys are none: ${JSON.stringify(text).slice(0, 70)}`, () => {
      const message = { lease: null, event: { type: 'claim:request', id: 1, keys: text } };
      assert.ok(!v.safeParse(workerMessageSchema, message).success);
    });

  for (const verdicts of ['x', 'cc c', 'constructor', '__proto__', null, [{ kind: 'claimed' }]])
    it(`are refused where verdicts are none: ${JSON.stringify(verdicts)}`, () => {
      assert.ok(!v.safeParse(workerRequestSchema, { type: 'claim:answer', id: 1, verdicts }).success);
    });
});
