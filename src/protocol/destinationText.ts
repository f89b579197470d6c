import type { DestinationOptions } from './ingestOptions.ts';

/** A destination as a person knows it: the folder or the address where its books are. */
export function destinationText(options: DestinationOptions): string {
  switch (options.kind) {
    case 'library':
      return options.folder;
    case 'calibre':
      return options.library;
    case 'mybookshelf2':
      return options.apiUrl;
    case 'mybookshelf2-cli':
      return options.container === null ? options.apiUrl : `the container ${options.container}`;
    case 'none':
      return 'nowhere (nothing was stored)';
    default:
      return options satisfies never;
  }
}
