// Codes that many books have although they mean another language or a country.
const mistakes: Readonly<Record<string, string>> = {
  cn: 'zh',
  cz: 'cs',
  dk: 'da',
  gr: 'el',
  jp: 'ja',
  ua: 'uk',
};

// Of several languages, of none, and unknown: not one that a shelf could sort by.
const noLanguage: ReadonlySet<string> = new Set(['und', 'mis', 'mul', 'zxx', 'art', 'qaa']);

// Languages whose own names are looked for, besides the English names of all.
const ownNames =
  'ar be bg bn ca cs da de el en eo es et eu fa fi fr ga he hi hr hu hy id it ja ka kk ko la lt lv mk ms nb nl ' +
  'nn no pl pt ro ru sk sl sq sr sv th tr uk uz vi zh';

// And their codes of three letters. What most books say is told from here; the platform knows all the others, but to ask
// it for the first time takes as long as reading a thousand books.
const codesOfThree =
  'ara:ar bel:be bul:bg ben:bn cat:ca ces:cs cze:cs dan:da deu:de ger:de ell:el gre:el eng:en epo:eo spa:es est:et ' +
  'eus:eu baq:eu fas:fa per:fa fin:fi fra:fr fre:fr gle:ga heb:he hin:hi hrv:hr hun:hu hye:hy arm:hy ind:id ita:it ' +
  'jpn:ja kat:ka geo:ka kaz:kk kor:ko lat:la lit:lt lav:lv mkd:mk mac:mk msa:ms may:ms nob:nb nld:nl dut:nl nno:nn ' +
  'nor:no pol:pl por:pt ron:ro rum:ro rus:ru slk:sk slo:sk slv:sl sqi:sq alb:sq srp:sr swe:sv tha:th tur:tr ukr:uk ' +
  'uzb:uz vie:vi zho:zh chi:zh';

/** By code in lower case; exported to be compared with what the platform says. */
export const commonLanguages: ReadonlyMap<string, string> = new Map([
  ...ownNames.split(' ').map(code => [code, code] as const),
  ...codesOfThree.split(' ').map(pair => [pair.slice(0, 3), pair.slice(4)] as const),
]);

const languageTag = /^[a-z]{2,3}(?:[-_][a-z\d]{1,8})*$/i;

/** What was found for a statement: most books of a collection state one of a few. */
const known = new Map<string, string | null>();
const maxKnown = 1000;

let englishNames: Intl.DisplayNames | undefined;
let codeOfName: ReadonlyMap<string, string> | undefined;

/**
 * The language that a book states as a tag (`ru-RU`, `en_US`), as a code of either ISO 639-2 (`rus`, `fre`,
 * `fra`) or by its name (`Russian`, `русский`): ISO 639-1 where there is such a code, else ISO 639-2. Null
 * when it is none that is known.
 */
export function normalizeLanguage(stated: string): string | null {
  const text = stated.trim();
  if (text === '' || text.length > 64) return null;
  const before = known.get(text);
  if (before !== undefined) return before;
  const language = lookUp(text);
  if (known.size >= maxKnown) known.clear();
  known.set(text, language);
  return language;
}

function lookUp(text: string): string | null {
  if (languageTag.test(text)) {
    const code = codeOfTag(text);
    if (code !== undefined) return noLanguage.has(code) ? null : code;
  }
  codeOfName ??= languageNames();
  return codeOfName.get(text.toLowerCase()) ?? null;
}

function codeOfTag(tag: string): string | undefined {
  const first = tag.split(/[-_]/, 1)[0]?.toLowerCase() ?? '';
  const common = commonLanguages.get(mistakes[first] ?? first);
  if (common !== undefined) return common;
  const code = canonical(first);
  return code !== undefined && englishName(code) !== undefined ? code : undefined;
}

function canonical(language: string): string | undefined {
  try {
    // It knows both forms of ISO 639-2 and withdrawn codes: `fre`, `fra` and `iw` become `fr`, `fr` and `he`.
    return Intl.getCanonicalLocales(language)[0]?.split('-', 1)[0];
  } catch {
    return undefined;
  }
}

function englishName(code: string): string | undefined {
  englishNames ??= new Intl.DisplayNames('en', { type: 'language', fallback: 'none' });
  return englishNames.of(code);
}

function languageNames(): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const letters = Array.from('abcdefghijklmnopqrstuvwxyz');
  for (const first of letters) {
    for (const second of letters) {
      const code = canonical(first + second);
      const name = code === undefined ? undefined : englishName(code);
      if (code !== undefined && name !== undefined) names.set(name.toLowerCase(), code);
    }
  }
  for (const code of ownNames.split(' ')) {
    const name = new Intl.DisplayNames(code, { type: 'language', fallback: 'none' }).of(code);
    if (name !== undefined) names.set(name.toLowerCase(), code);
  }
  return names;
}
