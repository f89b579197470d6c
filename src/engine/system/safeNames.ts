// Not allowed on Windows or of a special meaning somewhere; controls are never wanted in a name.
// eslint-disable-next-line no-control-regex -- control characters are what it removes
export const unsafeCharacters = /[\u0000-\u001f\u007f-\u009f<>:"/\\|?*]/g;
const windowsDevice = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/** The name, or one like it where Windows would take it for a device. */
export function noDevice(name: string): string {
  return windowsDevice.test(name) ? `_${name}` : name;
}

/** Cuts to at most so many bytes of UTF-8, between characters. */
export function cutToBytes(text: string, longestBytes: number): string {
  if (Buffer.byteLength(text) <= longestBytes) return text;
  let bytes = 0;
  let end = 0;
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > longestBytes) break;
    end += character.length;
  }
  return text.slice(0, end);
}
