import { t } from '../text/localize.ts';
import { formatBytes, formatDuration, formatNumber } from '../protocol/format.ts';
import type { ProgressSummary } from '../protocol/progressSummary.ts';
import { filesCount, tarsCount } from '../text/countText.ts';

/** One figure of a progress file. */
export interface ProgressFigure {
  /** Unique within the file, and the same whatever the figure is. */
  readonly id: string;
  readonly label: string;
  readonly value: string;
  readonly kind: 'tars' | 'files' | 'tar' | 'time' | 'journal' | 'damage' | 'aside';
}

export function isDamaged({ damage, keptAside }: ProgressSummary): boolean {
  return damage.length > 0 || keptAside.length > 0;
}

/** The words beside a progress file's name: `12 tars · 34,567 files · damage found`. */
export function progressDescription(file: ProgressSummary): string {
  const parts = [tarsCount(file.completedTars), filesCount(filesIn(file))];
  if (file.damage.length > 0) parts.push(t('damage found'));
  else if (file.keptAside.length > 0) parts.push(t('a damaged one is kept aside'));
  return parts.join(' · ');
}

export function progressFigures(file: ProgressSummary, now: Date): ProgressFigure[] {
  const figures: ProgressFigure[] = [
    {
      id: 'completed',
      kind: 'tars',
      label: t('Completed tars'),
      value:
        file.otherTars > 0
          ? t('{0}, {1} not completed', formatNumber(file.completedTars), formatNumber(file.otherTars))
          : formatNumber(file.completedTars),
    },
  ];
  for (const [status, count] of Object.entries(file.files).sort(([a], [b]) => (a < b ? -1 : 1))) {
    figures.push({
      id: `files/${status}`,
      kind: 'files',
      label: statusLabel(status),
      value: formatNumber(count),
    });
  }
  if (Object.keys(file.files).length === 0) {
    figures.push({ id: 'files', kind: 'files', label: t('Files on the shelf'), value: t('none yet') });
  }
  figures.push(
    {
      id: 'current',
      kind: 'tar',
      label: t('Current tar'),
      value: file.currentTar ?? t('none'),
    },
    { id: 'saved', kind: 'time', label: t('Last saved'), value: savedText(file, now) },
    { id: 'journal', kind: 'journal', label: t('Journal'), value: journalText(file) },
    ...file.damage.map((damage, index) => ({
      id: `damage/${String(index)}`,
      kind: 'damage' as const,
      label: t('Damage found'),
      value: damage,
    })),
    ...file.keptAside.map(name => ({
      id: `aside/${name}`,
      kind: 'aside' as const,
      label: t('Kept aside'),
      value: name,
    })),
  );
  return figures;
}

function filesIn({ files }: ProgressSummary): number {
  return Object.values(files).reduce((sum, count) => sum + count, 0);
}

/** The words of the documented format, as people say them. */
function statusLabel(status: string): string {
  switch (status) {
    case 'uploaded':
      return t('New on the shelf');
    case 'already_exists':
      return t('On the shelf before');
    case 'already_exists_in_db':
      return t('In the database before');
    default:
      return t('Files of status "{0}"', status);
  }
}

function savedText({ savedAt, sizeBytes }: ProgressSummary, now: Date): string {
  if (savedAt === null) return t('never');
  const seconds = (now.getTime() - new Date(savedAt).getTime()) / 1000;
  const ago = seconds < 1 ? t('just now') : t('{0} ago', formatDuration(seconds));
  return sizeBytes > 0 ? `${ago} · ${formatBytes(sizeBytes)}` : ago;
}

function journalText({ journal }: ProgressSummary): string {
  if (journal.lines === 0) return t('empty: all is in the file');
  const lines = journal.lines === 1 ? t('1 line') : t('{0} lines', formatNumber(journal.lines));
  return `${lines} · ${formatBytes(journal.sizeBytes)}`;
}
