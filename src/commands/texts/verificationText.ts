import { engineText } from '../../text/engineText.ts';
import { booksCount } from '../../text/countText.ts';
import { t } from '../../text/localize.ts';
import { formatBytes, formatNumber } from '../../protocol/format.ts';
import { mostNamedMembers, type Verification } from '../../protocol/verification.ts';
import { cell, table } from './markdownTable.ts';

/** Whether nothing is to be said of a tar but that all of it is there. */
export function isWholeOnShelf({ missing, unreadable, damage }: Verification): boolean {
  return missing === 0 && unreadable === 0 && damage === null;
}

/** Whether books are missing that were on the shelf, and can be brought again. */
export function hasLostBooks({ missingBooks }: Verification): boolean {
  return missingBooks.some(({ reason }) => reason !== null);
}

/** The outcome in one line. */
export function verificationText(found: Verification): string {
  const { tar, books, onShelf, missing, unreadable, damage } = found;
  if (isWholeOnShelf(found)) {
    return books === 0
      ? t('{0} holds no books.', tar)
      : t('All {0} in {1} are on the shelf.', booksCount(books), tar);
  }
  const parts = [onShelfText(onShelf, books)];
  if (missing > 0) parts.push(t('{0} missing', formatNumber(missing)));
  if (unreadable > 0) parts.push(t('{0} cannot be read', formatNumber(unreadable)));
  if (damage !== null) parts.push(t('the tar is damaged'));
  return `${tar}: ${parts.join(', ')}.`;
}

function onShelfText(onShelf: number, books: number): string {
  return books === 1
    ? t('{0} of 1 book are on the shelf', formatNumber(onShelf))
    : t('{0} of {1} books are on the shelf', formatNumber(onShelf), formatNumber(books));
}

/** All that was found, as a document. */
export function verificationReport(found: Verification, destination: string): string {
  const lines = [
    `# ${cell(found.tar)}`,
    '',
    t('Compared with {0}.', cell(destination)),
    '',
    ...table(
      [t('Books'), t('On the shelf'), t('Missing'), t('Cannot be read'), t('Other files')],
      [[found.books, found.onShelf, found.missing, found.unreadable, found.skipped].map(formatNumber)],
    ),
  ];
  if (found.damage !== null) {
    lines.push('', t('The tar could not be read to its end: {0}', cell(engineText(found.damage))));
  }
  if (found.missingBooks.length > 0) {
    lines.push(
      '',
      `## ${t('Missing on the shelf')}`,
      '',
      t('Launch, or retry the tar, to bring them there.'),
      ...(hasLostBooks(found)
        ? [
            '',
            t(
              'Those with a reason were there: _Bring Them Again_, or `tarshelf retry --lost` on the command line, reads them anew.',
            ),
          ]
        : []),
      '',
    );
    lines.push(
      ...table(
        [t('Book'), t('Size'), 'SHA-1', t('Reason')],
        found.missingBooks.map(({ member, sizeBytes, sha1, reason }) => [
          ...[member, formatBytes(sizeBytes), sha1],
          reason === null ? t('is not there') : engineText(reason),
        ]),
      ),
    );
  }
  if (found.unreadableBooks.length > 0) {
    lines.push('', `## ${t('Cannot be read')}`, '');
    lines.push(
      ...table(
        [t('Book'), t('Reason')],
        found.unreadableBooks.map(({ member, message }) => [member, engineText(message)]),
      ),
    );
  }
  if (Math.max(found.missing, found.unreadable) > mostNamedMembers) {
    lines.push('', t('Only the first {0} are named.', formatNumber(mostNamedMembers)));
  }
  return `${lines.join('\n')}\n`;
}
