// Pictures of one and the same sight in all kinds of themes.
import type { Workbench } from './workbench.ts';

/** One of each kind: its name in VS Code's own list, and the class by which the page has it. */
const colorThemes = {
  dark: { label: 'Dark Modern', className: 'vs-dark' },
  light: { label: 'Light Modern', className: 'vs' },
  highContrastDark: { label: 'Dark High Contrast', className: 'hc-black' },
  highContrastLight: { label: 'Light High Contrast', className: 'hc-light' },
} as const;
export type ColorTheme = keyof typeof colorThemes;

/** Switches the theme of the running window, as a person does it from the palette. */
export async function setColorTheme(workbench: Workbench, theme: ColorTheme): Promise<void> {
  const { page } = workbench;
  const { label, className } = colorThemes[theme];
  await workbench.runCommandThatAsks('Preferences: Color Theme');
  const list = page.locator('.quick-input-widget');
  // The list of commands has given way to the list of themes.
  await list.getByRole('option', { name: colorThemes.light.label }).first().waitFor();
  await list.locator('input').first().fill(label);
  await list.getByRole('option', { name: label }).first().waitFor();
  await page.keyboard.press('Enter');
  await list.waitFor({ state: 'hidden' });
  await page.locator(`.monaco-workbench.${className}`).waitFor();
}

/** Keeps a picture in each kind of theme, and ends in the dark one, with which windows begin. */
export async function screenshotInThemes(workbench: Workbench, name: string): Promise<void> {
  for (const theme of ['light', 'highContrastDark', 'highContrastLight', 'dark'] as const) {
    await setColorTheme(workbench, theme);
    await workbench.screenshot(`${name}-${theme}`);
  }
}
