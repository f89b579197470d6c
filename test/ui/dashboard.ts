// The page of the throughput dashboard, which stands in frames of its own.
import type { FrameLocator } from 'playwright-core';
import type { Workbench } from './workbench.ts';

export type DashboardPlace = 'view' | 'tab';

/** The page in the view, or in the tab: each is a frame within a frame, and only one of them is in that place. */
export async function findDashboard({ page }: Workbench, place: DashboardPlace): Promise<FrameLocator> {
  // A window that is just opening on a busy machine takes its time.
  const until = performance.now() + 60_000;
  while (performance.now() < until) {
    for (const frame of await page.locator('iframe.webview.ready').all()) {
      const inner = frame.contentFrame().frameLocator('#active-frame');
      const body = inner.locator(`body[data-place="${place}"] main`);
      if ((await body.count().catch(() => 0)) > 0 && (await frame.isVisible())) return inner;
    }
    await page.waitForTimeout(100);
  }
  const webviews = await page.locator('iframe.webview').all();
  const frames = await Promise.all(webviews.map(frame => frame.getAttribute('class')));
  throw new Error(`no dashboard in a ${place}; there are: ${frames.join(', ') || 'no webviews'}`);
}
