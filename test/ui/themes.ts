// Pictures of one and the same sight in all kinds of themes.
import { copyFileSync } from 'node:fs';
import path from 'node:path';
import { resultsFolder, rootFolder } from '../../scripts/paths.ts';
import type { Workbench } from './workbench.ts';

/** One of each kind: its name in the settings, and the class by which the page has it. */
const colorThemes = {
  dark: { label: 'Dark Modern', setting: 'Default Dark Modern', className: 'vs-dark' },
  light: { label: 'Light Modern', setting: 'Default Light Modern', className: 'vs' },
  highContrastDark: { label: 'Dark High Contrast', setting: 'Default High Contrast', className: 'hc-black' },
  highContrastLight: {
    label: 'Light High Contrast',
    setting: 'Default High Contrast Light',
    className: 'hc-light',
  },
} as const;
export type ColorTheme = keyof typeof colorThemes;

/** Switches the theme of the running window. */
export async function setColorTheme(workbench: Workbench, theme: ColorTheme): Promise<void> {
  const { label, setting, className } = colorThemes[theme];
  const inTheme = workbench.page.locator(`.monaco-workbench.${className}`);
  if ((await inTheme.count()) > 0) return;
  workbench.changeSettings({ 'workbench.colorTheme': setting });
  const isSwitched = await inTheme.waitFor({ timeout: 3000 }).then(
    () => true,
    () => false,
  );
  if (isSwitched) return;
  // A window on a busy machine may miss for good that its settings have changed: then as a person does it.
  await workbench.page.keyboard.press('Control+K');
  await workbench.page.keyboard.press('Control+T');
  const picker = workbench.page.locator('.quick-input-widget');
  await picker.locator('input').first().fill(label);
  await picker.getByRole('option', { name: label }).first().click();
  await inTheme.waitFor();
}

/** Keeps a picture in each kind of theme, and ends in the dark one. */
export async function screenshotInThemes(workbench: Workbench, name: string): Promise<void> {
  for (const theme of ['light', 'highContrastDark', 'highContrastLight', 'dark'] as const) {
    await setColorTheme(workbench, theme);
    await workbench.screenshot(`${name}-${theme}`);
  }
}

/** Makes a picture that a test has kept the one of the readme, where the variable TARSHELF_README_SCREENSHOTS asks for that. */
export function readmePicture(taken: string, name: string): void {
  if (process.env['TARSHELF_README_SCREENSHOTS'] === undefined) return;
  copyFileSync(path.join(resultsFolder, `${taken}.png`), path.join(rootFolder, 'docs/images', `${name}.png`));
}

/** The same of the upper part of what is in sight, in the light theme. */
export async function readmePictureOfTop(workbench: Workbench, name: string, height: number): Promise<void> {
  if (process.env['TARSHELF_README_SCREENSHOTS'] === undefined) return;
  await setColorTheme(workbench, 'light');
  await workbench.page.screenshot({
    path: path.join(rootFolder, 'docs/images', `${name}.png`),
    clip: { x: 0, y: 0, width: 1280, height },
    animations: 'disabled',
  });
  await setColorTheme(workbench, 'dark');
}
