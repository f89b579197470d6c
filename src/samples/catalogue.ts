import type { SampleAuthor, SampleBook } from './sampleBook.ts';

/** A book before its text is written. */
export type CatalogueEntry = Omit<SampleBook, 'paragraphs'>;

function entry(language: string, title: string, authors: SampleAuthor[]): CatalogueEntry {
  return { title, authors, language };
}

function inSeries(
  language: string,
  name: string,
  titles: string[],
  authors: SampleAuthor[],
): CatalogueEntry[] {
  return titles.map((title, index) => ({ title, authors, language, series: { name, index: index + 1 } }));
}

const austen = { first: 'Jane', last: 'Austen' };
const dickens = { first: 'Charles', last: 'Dickens' };
const wells = { first: 'H. G.', last: 'Wells' };
const chekhov = { first: 'Антон', last: 'Чехов' };
const dostoevsky = { first: 'Фёдор', last: 'Достоевский' };
const tolstoy = { first: 'Лев', last: 'Толстой' };
const kafka = { first: 'Franz', last: 'Kafka' };
const goethe = { first: 'Johann Wolfgang von', last: 'Goethe' };
const verne = { first: 'Jules', last: 'Verne' };
const luXun = { first: '', last: '魯迅' };
const soseki = { first: '', last: '夏目漱石' };

/** Titles and authors that are in the public domain. */
export const catalogue: readonly CatalogueEntry[] = [
  entry('en', 'Pride and Prejudice', [austen]),
  entry('en', 'Emma', [austen]),
  entry('en', 'Persuasion', [austen]),
  entry('en', 'Great Expectations', [dickens]),
  entry('en', 'A Tale of Two Cities', [dickens]),
  entry('en', 'Moby-Dick; or, The Whale', [{ first: 'Herman', last: 'Melville' }]),
  entry('en', 'Frankenstein', [{ first: 'Mary', last: 'Shelley' }]),
  entry('en', 'Dracula', [{ first: 'Bram', last: 'Stoker' }]),
  entry('en', 'The Time Machine', [wells]),
  entry('en', 'The War of the Worlds', [wells]),
  entry('en', 'Jane Eyre', [{ first: 'Charlotte', last: 'Brontë' }]),
  entry('en', 'Middlemarch', [{ first: 'George', last: 'Eliot' }]),
  entry('en', 'Lyrical Ballads', [
    { first: 'William', last: 'Wordsworth' },
    { first: 'Samuel Taylor', last: 'Coleridge' },
  ]),
  ...inSeries(
    'en',
    'Sherlock Holmes',
    ['A Study in Scarlet', 'The Sign of the Four'],
    [{ first: 'Arthur Conan', last: 'Doyle' }],
  ),
  ...inSeries(
    'en',
    'Alice',
    ['Alice’s Adventures in Wonderland', 'Through the Looking-Glass'],
    [{ first: 'Lewis', last: 'Carroll' }],
  ),
  entry('ru', 'Вишнёвый сад', [chekhov]),
  entry('ru', 'Дама с собачкой', [chekhov]),
  entry('ru', 'Палата № 6', [chekhov]),
  entry('ru', 'Преступление и наказание', [dostoevsky]),
  entry('ru', 'Идиот', [dostoevsky]),
  entry('ru', 'Анна Каренина', [tolstoy]),
  ...inSeries(
    'ru',
    'Война и мир',
    ['Война и мир. Том 1', 'Война и мир. Том 2', 'Война и мир. Том 3', 'Война и мир. Том 4'],
    [tolstoy],
  ),
  entry('ru', 'Мёртвые души', [{ first: 'Николай', last: 'Гоголь' }]),
  entry('ru', 'Отцы и дети', [{ first: 'Иван', last: 'Тургенев' }]),
  entry('ru', 'Герой нашего времени', [{ first: 'Михаил', last: 'Лермонтов' }]),
  entry('ru', 'Евгений Онегин', [{ first: 'Александр', last: 'Пушкин' }]),
  entry('de', 'Die Verwandlung', [kafka]),
  entry('de', 'Der Prozess', [kafka]),
  entry('de', 'Faust. Eine Tragödie', [goethe]),
  entry('de', 'Die Leiden des jungen Werthers', [goethe]),
  entry('de', 'Effi Briest', [{ first: 'Theodor', last: 'Fontane' }]),
  entry('de', 'Kinder- und Hausmärchen', [
    { first: 'Jacob', last: 'Grimm' },
    { first: 'Wilhelm', last: 'Grimm' },
  ]),
  entry('fr', 'Vingt mille lieues sous les mers', [verne]),
  entry('fr', 'Le Tour du monde en quatre-vingts jours', [verne]),
  entry('fr', 'Les Misérables', [{ first: 'Victor', last: 'Hugo' }]),
  entry('fr', 'Madame Bovary', [{ first: 'Gustave', last: 'Flaubert' }]),
  entry('fr', 'Candide, ou l’Optimisme', [{ first: '', last: 'Voltaire' }]),
  ...inSeries(
    'fr',
    'Les Trois Mousquetaires',
    ['Les Trois Mousquetaires', 'Vingt ans après'],
    [{ first: 'Alexandre', last: 'Dumas' }],
  ),
  entry('es', 'Don Quijote de la Mancha', [{ first: 'Miguel de', last: 'Cervantes' }]),
  entry('es', 'Niebla', [{ first: 'Miguel de', last: 'Unamuno' }]),
  entry('it', 'La Divina Commedia', [{ first: 'Dante', last: 'Alighieri' }]),
  entry('it', 'Le avventure di Pinocchio', [{ first: 'Carlo', last: 'Collodi' }]),
  entry('pl', 'Quo vadis', [{ first: 'Henryk', last: 'Sienkiewicz' }]),
  entry('pl', 'Lalka', [{ first: 'Bolesław', last: 'Prus' }]),
  entry('zh', '阿Q正傳', [luXun]),
  entry('zh', '狂人日記', [luXun]),
  entry('zh', '紅樓夢', [{ first: '', last: '曹雪芹' }]),
  entry('zh', '西遊記', [{ first: '', last: '吳承恩' }]),
  entry('ja', '吾輩は猫である', [soseki]),
  entry('ja', 'こころ', [soseki]),
  entry('ja', '羅生門', [{ first: '', last: '芥川龍之介' }]),
];
