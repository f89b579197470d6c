import * as v from 'valibot';
import { toPageSchema, type FromPage } from '../../protocol/throughputMessages.ts';
import { Dashboard } from './dashboard.ts';

declare function acquireVsCodeApi(): {
  postMessage(message: FromPage): void;
  getState(): unknown;
  setState(state: unknown): void;
};

/*
 * The throughput page. It is made anew each time it is shown, asks for everything then, and keeps nothing but
 * which range was chosen.
 */

const host = acquireVsCodeApi();

const dashboard = new Dashboard(document.body, {
  post: message => {
    host.postMessage(message);
  },
  chosen: host.getState(),
  onChosen: chosen => {
    host.setState(chosen);
  },
});

addEventListener('message', event => {
  const parsed = v.safeParse(toPageSchema, event.data);
  if (parsed.success) dashboard.take(parsed.output);
});

host.postMessage({ type: 'ready' });
