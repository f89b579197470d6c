/*
 * macOS lays the attributes of `a.epub` down beside it as `._a.epub`, in AppleDouble format, wherever a file
 * system or an archive has no place for them; in ZIPs, and what was made of them, also below `__MACOSX/`. Such a
 * file has the name of a book and is none.
 */

const magic = Buffer.from([0x00, 0x05, 0x16, 0x07]);

/** Whether a member is named as macOS names such a file. A book may be, too: its bytes decide. */
export function isNamedLikeAppleDouble(name: string): boolean {
  return name.startsWith('._', name.lastIndexOf('/') + 1);
}

/** @param head the first bytes of a member */
export function isAppleDouble(head: Buffer): boolean {
  return head.length >= magic.length && head.compare(magic, 0, magic.length, 0, magic.length) === 0;
}
