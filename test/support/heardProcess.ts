import type { WorkerHandle } from '../../src/engine/supervisor/crew/workerProcess.ts';
import type { WorkerRequest } from '../../src/protocol/workerMessages.ts';

/** A process that only remembers what came to it: requests by their type, and signals. */
export class HeardProcess implements WorkerHandle {
  readonly pid = 1;
  readonly identity = Promise.resolve(null);
  readonly heard: string[] = [];
  readonly requests: WorkerRequest[] = [];

  send(request: WorkerRequest): void {
    this.requests.push(request);
    this.heard.push(request.type);
  }

  terminate(): void {
    this.heard.push('SIGTERM');
  }

  kill(): void {
    this.heard.push('SIGKILL');
  }
}
