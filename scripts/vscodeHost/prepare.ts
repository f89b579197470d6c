// Fetches what a test host needs beyond npm's packages:   node scripts/vscodeHost/prepare.ts
import { ensureChromium } from '../ensureChromium.ts';
import { ensureCodeServer } from './codeServerPackage.ts';

/** Done ahead of a suite, so that no test's time limit covers a download. */
export async function ensureCodeServerAndBrowser(): Promise<void> {
  await ensureCodeServer();
  ensureChromium();
}

if (import.meta.main) {
  try {
    await ensureCodeServerAndBrowser();
  } catch (thrown) {
    console.error(thrown instanceof Error ? thrown.message : thrown);
    process.exitCode = 1;
  }
}
