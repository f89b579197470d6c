import { sentences } from '../../src/protocol/sentences.ts';
import { sampleTars } from '../../src/samples/makeSample.ts';
import { readTexts } from '../support/manifest.ts';
import { useWorkbench } from './workbench.ts';

const missing = '/nowhere/tars';

for (const language of ['de', 'ru', 'zh-cn']) {
  describe(`a window in ${language}`, function () {
    this.timeout(120_000);

    const manifest = readTexts(`package.nls.${language}.json`);
    const texts = readTexts(`l10n/bundle.l10n.${language}.json`);
    const workbench = useWorkbench(() =>
      Promise.resolve({ language, settings: { 'tarshelf.sourceFolders': [missing] } }),
    );

    it('greets a newcomer in that language', async () => {
      await workbench().openContainer('Tarshelf');
      const workers = workbench().page.locator('.sidebar .pane-header', {
        hasText: manifest['views.tarshelf.workers.name'] ?? '',
      });
      await workers.waitFor();
      const waiting = manifest['viewsWelcome.workers.the-workers-of-a.contents'] ?? '';
      await workbench().page.locator('.sidebar').getByText(waiting).waitFor();
      await workbench().screenshot(`languages-1-${language}`);
    });

    it('says in that language what the engine has to say', async () => {
      await workbench().runCommand(`Tarshelf: ${manifest['commands.launchWithPlan.title'] ?? ''}`);
      const text = texts[sentences.sourceMissing] ?? '';
      await workbench()
        .message(`Tarshelf: ${text.replace('{0}', missing)}`)
        .waitFor();
      await workbench().screenshot(`languages-4-${language}`);
    });

    it('says in that language what became of the sample books', async () => {
      await workbench().runCommand(`Tarshelf: ${manifest['commands.trySamples.title'] ?? ''}`);
      const all = String(sampleTars().length);
      const done = Object.entries(texts).find(([english]) => english.startsWith('It works:'))?.[1] ?? '';
      await workbench()
        .message(done.split('{1}', 1)[0]?.replace('{0}', all) ?? '')
        .first()
        .waitFor({ timeout: 60_000 });
      await workbench()
        .page.getByRole('button', { name: texts['Show Books'] ?? '' })
        .waitFor();
      await workbench().screenshot(`languages-2-${language}`);
    });

    it('draws the throughput in that language', async () => {
      const { page } = workbench();
      await workbench().runCommand(`Tarshelf: ${manifest['commands.showThroughput.title'] ?? ''}`);
      const frame = page.locator('iframe.webview.ready').first();
      await frame.waitFor();
      const dashboard = frame.contentFrame().frameLocator('#active-frame');
      await dashboard.getByRole('heading', { level: 1, name: texts['Throughput'] ?? '' }).waitFor();
      await dashboard
        .getByText(texts['New books'] ?? '')
        .first()
        .waitFor();
      await workbench().screenshot(`languages-3-${language}`);
    });
  });
}
