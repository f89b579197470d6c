import { chromium, type Browser } from 'playwright-core';
import { ensureChromium } from '../ensureChromium.ts';

/** Starts a headless Chromium without sandbox (containers often run as root) and without calls home. */
export async function launchChromium(): Promise<Browser> {
  return await chromium.launch({
    executablePath: ensureChromium(),
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
