import { formatBytes, formatCount } from './format.ts';
import type { Extraction } from './snapshot.ts';

/** How far an extraction is, for people: `1.2 GB of 4 GB, 345 files`. */
export function extractionText({ bytes, files }: Extraction, tarBytes: number): string {
  return `${formatBytes(bytes)} of ${formatBytes(tarBytes)}, ${formatCount(files, 'file')}`;
}
