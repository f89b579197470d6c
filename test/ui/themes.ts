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
  const picker = workbench.page.locator('.quick-input-widget');
  const isSwitched = async (): Promise<boolean> => {
    workbench.changeSettings({ 'workbench.colorTheme': setting });
    return await inTheme.waitFor({ timeout: 3000 }).then(
      () => true,
      () => false,
    );
  };
  if (await isSwitched()) return;
  // The list that is open is what is to be seen, and another one would take its place.
  for (let tries = 0; (await picker.isVisible()) && tries < 5; tries++) if (await isSwitched()) return;
  // A window on a busy machine may miss for good that its settings have changed: then as a person does it.
  await workbench.page.keyboard.press('Control+K');
  await workbench.page.keyboard.press('Control+T');
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

/** A picture of the readme where what counts is in the side bar: that is made wide for it, and the window small. */
export async function readmePictureOfSideBar(
  workbench: Workbench,
  name: string,
  theme: ColorTheme,
): Promise<void> {
  if (process.env['TARSHELF_README_SCREENSHOTS'] === undefined) return;
  const { page } = workbench;
  const usual = page.viewportSize() ?? { width: 1280, height: 800 };
  const dragSash = async (toX: number): Promise<void> => {
    const box = await page.locator('.part.sidebar').boundingBox();
    const from = { x: (box?.x ?? 0) + (box?.width ?? 0), y: 400 };
    await page.mouse.move(from.x, from.y);
    await page.mouse.down();
    await page.mouse.move(toX, from.y, { steps: 5 });
    await page.mouse.up();
    // Away from all that has a hover.
    await page.mouse.move(toX + 100, 200);
  };
  const widthBefore = await page.locator('.part.sidebar').boundingBox();
  await setColorTheme(workbench, theme);
  await page.setViewportSize({ width: 1000, height: 560 });
  await dragSash(520);
  await page.waitForTimeout(3000);
  await page.screenshot({
    path: path.join(rootFolder, 'docs/images', `${name}.png`),
    animations: 'disabled',
  });
  await page.setViewportSize(usual);
  if (widthBefore) await dragSash(widthBefore.x + widthBefore.width);
  await setColorTheme(workbench, 'dark');
}

/** A picture of the readme of the upper part of what is in sight, in the light theme. */
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
