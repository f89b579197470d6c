import type { BookFormat } from '../../protocol/bookFormat.ts';
import { correctedBook, detectBook, type Detection } from './bookType.ts';
import type { ByteReader } from './byteReader.ts';

/** What a member is, where only some types of books are wanted; all, if none are named. */
export function wanted(detection: Detection, types: readonly BookFormat[] | undefined): Detection {
  if (detection.kind === 'skipped' || !types || types.includes(detection.format)) return detection;
  return { kind: 'skipped', reason: 'type not wanted' };
}

/** The same, before all of it is read. Behind an unwanted name may be a wanted book; to tell that, not all of it has to be. */
export async function detectWanted(
  name: string,
  bytes: ByteReader,
  types: readonly BookFormat[] | undefined,
): Promise<Detection> {
  const found = await detectBook(name, bytes);
  const detection = wanted(found, types);
  if (found.kind === 'skipped' || detection.kind === 'book') return detection;
  return wanted(await correctedBook(found.format, bytes), types);
}
