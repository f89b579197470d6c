import type { SeededRandom } from './seededRandom.ts';

// Sentences of our own to fill the sample books with; none is quoted from the book whose title it stands under.

const sentences: Readonly<Record<string, readonly string[]>> = {
  en: [
    'The morning was quiet, and the kettle had not yet begun to sing.',
    'A letter lay on the table, addressed in a hand that nobody in the house knew.',
    'Rain had washed the lane so clean that every stone seemed newly made.',
    'She read until the lamp burned low, and then by the window until the moon was gone.',
    '“You will find,” said the librarian, “that most roads end at a shelf.”',
    'Nobody spoke of the empty chair, though everyone had counted it.',
    'The clock in the hall was four minutes fast & had been so for a generation.',
    'Somewhere below, a door opened, and the smell of bread came up the stairs.',
    'He kept his maps rolled in a boot box and his plans nowhere at all.',
    'By evening the wind had turned, and the boats came home one after another.',
  ],
  ru: [
    'Утро было тихое, и самовар ещё не запел.',
    'На столе лежало письмо, написанное почерком, которого в доме никто не знал.',
    'Дождь вымыл дорогу так чисто, что каждый камень казался новым.',
    'Она читала, пока не погасла лампа, а потом у окна, пока не зашла луна.',
    '— Почти все дороги, — сказал библиотекарь, — кончаются у книжной полки.',
    'О пустом стуле никто не говорил, хотя каждый его заметил.',
    'Часы в прихожей спешили на четыре минуты уже целое поколение.',
    'Где-то внизу отворилась дверь, и по лестнице поднялся запах хлеба.',
    'Карты он хранил в коробке из-под сапог, а планов не хранил вовсе.',
    'К вечеру ветер переменился, и лодки одна за другой вернулись домой.',
  ],
  de: [
    'Der Morgen war still, und der Kessel hatte noch nicht zu singen begonnen.',
    'Auf dem Tisch lag ein Brief in einer Handschrift, die niemand im Haus kannte.',
    'Der Regen hatte die Gasse so blank gewaschen, dass jeder Stein wie neu aussah.',
    'Sie las, bis die Lampe verlosch, und dann am Fenster, bis der Mond fort war.',
    '„Die meisten Wege“, sagte die Bibliothekarin, „enden vor einem Regal.“',
    'Vom leeren Stuhl sprach keiner, obwohl ihn jeder gezählt hatte.',
    'Die Uhr im Flur ging vier Minuten vor, und das seit einem Menschenalter.',
    'Irgendwo unten öffnete sich eine Tür, und der Duft von Brot zog die Treppe herauf.',
  ],
  fr: [
    'Le matin était calme, et la bouilloire ne chantait pas encore.',
    'Une lettre attendait sur la table, d’une écriture que nul ici ne connaissait.',
    'La pluie avait si bien lavé le chemin que chaque pierre semblait neuve.',
    'Elle lut jusqu’à ce que la lampe s’éteignît, puis à la fenêtre, sous la lune.',
    '« La plupart des routes, dit le bibliothécaire, mènent à une étagère. »',
    'Personne ne parla de la chaise vide, mais chacun l’avait comptée.',
    'Quelque part en bas une porte s’ouvrit, et l’odeur du pain monta l’escalier.',
  ],
  es: [
    'La mañana estaba en calma y la tetera aún no cantaba.',
    'Sobre la mesa había una carta con una letra que nadie en la casa conocía.',
    'La lluvia había lavado tanto el camino que cada piedra parecía nueva.',
    'Leyó hasta que se apagó la lámpara, y luego junto a la ventana.',
    '—Casi todos los caminos —dijo el bibliotecario— acaban en un estante.',
    'Nadie habló de la silla vacía, aunque todos la habían contado.',
  ],
  it: [
    'Il mattino era quieto e il bollitore non cantava ancora.',
    'Sul tavolo c’era una lettera, in una grafia che in casa nessuno conosceva.',
    'La pioggia aveva lavato la strada così bene che ogni pietra pareva nuova.',
    'Lesse finché la lampada si spense, poi alla finestra finché ci fu la luna.',
    '«Quasi tutte le strade», disse la bibliotecaria, «finiscono a uno scaffale.»',
    'Della sedia vuota non parlò nessuno, però tutti l’avevano contata.',
  ],
  pl: [
    'Ranek był cichy, a czajnik jeszcze nie zaczął śpiewać.',
    'Na stole leżał list, pisany ręką, której nikt w domu nie znał.',
    'Deszcz tak obmył ścieżkę, że każdy kamień wyglądał jak nowy.',
    'Czytała, póki nie zgasła lampa, a potem przy oknie, póki świecił księżyc.',
    '— Prawie każda droga — rzekł bibliotekarz — kończy się przy półce.',
    'O pustym krześle nikt nie mówił, choć wszyscy je policzyli.',
  ],
  zh: [
    '清晨很靜，水壺還沒有響。',
    '桌上放著一封信，字跡家裡沒有人認得。',
    '雨把小路洗得很乾淨，每一塊石頭都像新的。',
    '她一直讀到燈滅了，又在窗前讀到月亮落下。',
    '圖書館的老人說：「大多數的路，都通到書架前。」',
    '沒有人提起那把空椅子，可是每個人都看見了。',
    '樓下的門開了，麵包的香氣慢慢上了樓梯。',
  ],
  ja: [
    '静かな朝で、やかんはまだ鳴っていなかった。',
    '机の上に手紙が一通あり、その字を知る者は家にいなかった。',
    '雨が小道をすっかり洗い、石は一つ一つ新しく見えた。',
    '彼女は灯が消えるまで読み、それから窓辺で月が沈むまで読んだ。',
    '「たいていの道は本棚で終わるものです」と司書は言った。',
    '空いた椅子のことは誰も口にしなかったが、皆が気づいていた。',
  ],
};

const wordless = new Set(['zh', 'ja']);

/** Paragraphs of three to five sentences in the given language (in English when it has none here). */
export function writeParagraphs(language: string, count: number, random: SeededRandom): string[] {
  const choice = sentences[language] ?? sentences['en'] ?? [];
  const joint = wordless.has(language) ? '' : ' ';
  return Array.from({ length: count }, () =>
    random.shuffle(choice).slice(0, random.integer(3, 5)).join(joint),
  );
}
