/** What nobody else is to read of a report. */
export interface Private {
  readonly homeFolder: string;
  readonly userName: string;
  readonly hostName: string;
  /** Passwords, and names of users of destinations. */
  readonly secrets: readonly string[];
}

/** Takes out of a text what is private, in every form that it may be written in. */
export function redact(text: string, { homeFolder, userName, hostName, secrets }: Private): string {
  let clean = text;
  // First the secrets: a shorter word within one would leave its rest.
  for (const secret of [...secrets].sort((a, b) => b.length - a.length)) {
    for (const form of formsOf(secret)) clean = clean.replaceAll(form, () => '‹secret›');
  }
  // `user:password@` and `user@` of an address.
  clean = clean.replace(/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@]*@/gi, '$1');
  if (homeFolder.length > 1) {
    for (const form of formsOf(homeFolder)) clean = clean.replace(pattern(form), '~');
  }
  for (const [word, stands] of [
    [userName, '‹user›'],
    [hostName, '‹host›'],
    // Both a machine's name and that name with its domain are seen.
    [hostName.split('.', 1)[0] ?? '', '‹host›'],
  ] as const) {
    if (word === '') continue;
    for (const form of formsOf(word)) {
      clean = clean.replace(
        new RegExp(`(?<![\\p{L}\\p{N}])${escaped(form)}(?![\\p{L}\\p{N}])`, 'giu'),
        () => stands,
      );
    }
  }
  return clean;
}

/** As it is, within JSON, with the other kind of slashes, and within an address. */
function formsOf(text: string): string[] {
  if (text === '') return [];
  const forms = new Set([text, JSON.stringify(text).slice(1, -1), text.replaceAll('\\', '/')]);
  for (const form of [...forms]) {
    forms.add(encodeURI(form));
    forms.add(encodeURIComponent(form));
  }
  return [...forms].sort((a, b) => b.length - a.length);
}

/** In whatever case: some systems do not mind it. */
function pattern(text: string): RegExp {
  return new RegExp(escaped(text), 'gi');
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, found => `\\${found}`);
}
