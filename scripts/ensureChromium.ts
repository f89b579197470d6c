import { existsSync } from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { canInstallWithApt, installWithApt } from './aptGet.ts';

/**
 * The path of a Chromium (or Chrome, or Edge) to drive: the one named by CHROMIUM_PATH, else one in the usual
 * places, else, as root on Debian or Ubuntu, one installed now. Throws with what to install.
 */
export function ensureChromium(): string {
  const named = process.env['CHROMIUM_PATH'];
  if (named !== undefined && named !== '') {
    if (existsSync(named)) return named;
    throw new Error(`CHROMIUM_PATH names a file that does not exist: ${named}`);
  }
  let found = usualPlaces().find(existsSync);
  if (found === undefined && canInstallWithApt()) {
    installWithApt('chromium');
    found = usualPlaces().find(existsSync);
  }
  if (found !== undefined) return found;
  throw new Error(
    'No Chromium found: install Chromium or Chrome (Debian: `sudo apt-get install chromium`, anywhere: ' +
      '`npx playwright-core install chromium`), or set CHROMIUM_PATH.',
  );
}

function usualPlaces(): string[] {
  // Where `npx playwright-core install chromium` puts its own.
  const own = chromium.executablePath();
  switch (process.platform) {
    case 'darwin':
      return [
        '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
        '/Applications/Chromium.app/Contents/MacOS/Chromium',
        '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
        own,
      ];
    case 'win32':
      return [
        ...['ProgramFiles', 'ProgramFiles(x86)', 'LocalAppData'].flatMap(name => {
          const folder = process.env[name];
          if (folder === undefined) return [];
          return [
            path.join(folder, 'Google', 'Chrome', 'Application', 'chrome.exe'),
            path.join(folder, 'Microsoft', 'Edge', 'Application', 'msedge.exe'),
          ];
        }),
        own,
      ];
    default:
      return [
        '/usr/bin/chromium',
        '/usr/bin/chromium-browser',
        '/usr/bin/google-chrome',
        '/usr/bin/google-chrome-stable',
        own,
      ];
  }
}
