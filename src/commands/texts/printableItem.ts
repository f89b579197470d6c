import { printable } from '../../protocol/printable.ts';

/** What of an item to pick is words. */
interface Words {
  readonly label: string;
  readonly description?: string | undefined;
  readonly detail?: string | undefined;
}

/** An item to pick as it may be shown: the names in it are strangers'. */
export function printableItem<T extends Words>(item: T): T {
  const { label, description, detail } = item;
  return {
    ...item,
    label: printable(label),
    ...(description === undefined ? {} : { description: printable(description) }),
    ...(detail === undefined ? {} : { detail: printable(detail) }),
  };
}
