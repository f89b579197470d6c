/**
 * What the engine and its workers say to people most often, each made here and nowhere else. It crosses process borders, and
 * is kept in progress files, as the English sentence that it is: those files have no place for anything else, and earlier
 * versions and other programs wrote them, too. Who shows it in another language finds here which sentence it is, and what
 * stands in it; a sentence that is not here is shown as it is.
 *
 * Nothing is decided by it.
 */
export const sentences = {
  // Folders of tars.
  sourceMissing: 'There is no folder {0}. Check the path, and that its disk is connected; or leave it out.',
  sourceIsFile: '{0} is a file. Give the folder that holds the .tar files.',
  sourceUnreadable:
    'Cannot read the folder {0} ({1}). Check its permissions, and that its disk is connected.',
  sourceWithoutTars:
    'There are no .tar files (or .tar.gz, .tgz, .tar.zst) in {0}. Choose the folder that holds them.',
  sourcesWithoutTars:
    'There are no .tar files (or .tar.gz, .tgz, .tar.zst) in {0}. Choose the folders that hold them.',
  chosenTarsGone: 'None of the tars that were chosen is in {0} any more. Choose again.',
  tarNowhere: '{0} is in none of the folders {1}. Check that their disks are connected.',
  nameTwice:
    '{0} and {1} have one name, by which tars are told apart. Rename or remove one of the two, or read one of the folders with a state folder of its own.',
  tarPassedOver:
    '{0} was passed over: Tarshelf reads .tar, .tar.gz, .tgz and .tar.zst alone. Unpack it to a plain .tar, then launch again.',
  tarsPassedOver:
    '{0} files were passed over ({1}): Tarshelf reads .tar, .tar.gz, .tgz and .tar.zst alone. Unpack them to plain .tar files, then launch again.',
  tarNameNotUtf8:
    'The name of {0} is not UTF-8, so the tar was not read. Rename the file, then launch again.',
  sourceUnplugged:
    'The tars in {0} cannot be read for now. Connect their disk, and check that you may read it.',

  // The state folder.
  stateUnwritable: 'Cannot write the state folder {0} ({1}). Choose another one, or make it writable.',
  stateWithoutRoom:
    'Cannot write to the state folder {0} ({1}). Make room there, make it writable, or choose another one.',
  stateInUse:
    'Another ingest is using the state folder {0}. Watch it with "tarshelf attach", end it with "tarshelf stop", or choose another state folder.',
  stateOfWorker:
    'A worker of an earlier run is still busy in the state folder {0}. Launch again when it has left.',
  stateOfEndingEngine: 'The engine of the state folder {0} is about to end. Launch again in a moment.',
  stateOfOtherLibrary:
    'The state folder {0} belongs to another library, or its library was deleted or replaced. Choose that library, or another state folder to begin anew.',
  stateOfNowhere:
    'The runs of the state folder {0} kept no books: their destination was none. Choose another state folder to begin anew.',
  stateUnreadable:
    'Cannot read {0} ({1}). Check its permissions, and that its disk is connected; or choose another state folder.',
  progressNotSaved: 'Cannot save {0} ({1}). Free some space or make the folder writable, then launch again.',
  progressUnreadable: 'Cannot read {0} ({1}). Check that you may read it, then launch again.',
  diskFullWhileReading: 'The disk of {0} is full, so {1} cannot be read further. Free some space.',
  diskFullWhileExtracting:
    'The disk of {0} is full, so {1} cannot be read further. Free some space, or stop and use --mode in-place.',

  // Tars.
  tarUnreadable:
    'Cannot read {0} ({1}). Check that the disk is there and that you may read the file, then launch again.',
  tarDamaged: '{0}: {1} at byte {2}. What stands before it was read; get the tar anew, then launch again.',
  tarDoubtful:
    '{0}: {1} at byte {2}. What was read before that is doubtful as well, also where it is on the shelf (books: {3}). Get the tar anew, then launch again; it is read from its start.',
  cutOffInMember: 'the tar is cut off inside a member',
  cutOffInHeader: 'the tar is cut off inside a header',
  cutOffInExtendedHeader: 'the tar is cut off inside an extended header',
  cutOffInSparseMap: 'the tar is cut off inside a sparse map',
  cutOffInEndMark: 'the tar is cut off inside its end mark',
  endMarkMissing: 'the tar is cut off: its end mark is missing',
  noTar: 'this is no tar: the first header is not valid',
  headerInvalid: 'a header is not valid',
  compressedCutOff: 'the compressed file is cut off',
  compressedDamaged: 'the compressed file is damaged ({0})',
  extractionWithoutSpace: '{0} needs {1} to be extracted and {2} has {3}: free {4} or use --mode in-place.',
  extractionsWithoutSpace:
    '{0} needs {1} to be extracted and {2} has {3} beside the extractions under way: free {4} or use --mode in-place.',
  extractionFilledDisk:
    'The disk of {0} became full while {1} was extracted; what was extracted is removed. Free some space or use --mode in-place.',
  extractionUnwritable: 'Cannot write {0} ({1}). Make it writable or use --mode in-place, then launch again.',
  tarLeftOut:
    '{0}: Worker {1} ended ({2}) in {0}, as others before. The tar is left out; launch again to try it anew.',
  tarWithoutWorker: '{0}: No worker is left: all ended unexpectedly, too often. Launch again to go on.',

  // Books.
  bookUnreadable: '{0} cannot be read ({1}). Look at the disk that its tar is on, then launch again.',
  bookChanged: '{0} changed while it was read. Leave the tars as they are during a run, then launch again.',
  bookCutOff:
    '{0} ends before its {1} bytes. The tar became shorter while it was read; launch again when it is whole.',
  bookPutAside:
    '{0} ended the worker twice while it was read, and was put aside. "tarshelf retry" tries it again.',
  bookNamesTaken:
    'Every name that {0} could have in the library {1} is taken by another file. Rename or move those files, then retry.',
  bookEmpty: '{0} is empty, which MyBookshelf2 does not take.',
  bookTooLarge: '{0} is larger than the 500 MiB that MyBookshelf2 takes, so it was not sent.',
  bookOfOtherType: 'MyBookshelf2 takes no {0} files, so {1} stays where it is.',
  bookRefused: 'MyBookshelf2 does not take {0} ({1}). Mend that there or in the book, then retry.',
  bookNotTaken: 'MyBookshelf2 could not take {0}: {1} It is tried again by the next run.',
  bookBreaksOff:
    'MyBookshelf2 takes other books, but something breaks each time {0} is sent ({1}). See its log, and whether a proxy in front of it limits uploads. It is tried again by the next run.',
  bookWithoutLanguage: '{0} has no language. {1}',
  bookOfOtherLanguage: '{0} has the language “{1}”, which MyBookshelf2 does not know. {2}',
  setFallbackLanguage: 'Set a fallback language, or add the language there; then retry.',
  setOtherFallbackLanguage:
    'Nor does it know the fallback language “{0}”. Set another one, or add the language there; then retry.',
  calibreDeclined:
    'calibre declined {0}: it has “{1}” by the same authors already, with other bytes. Choose to add such books as further formats, or anyway, if you want it.',
  calibreNotAdded: 'calibre did not add {0} ({1}). It is tried again by the next run.',

  // Destinations.
  libraryUnwritable: 'Cannot write the library {0} ({1}). Choose another folder, or make it writable.',
  libraryUnusable: 'The library {0} cannot take books: {1}.',
  diskFull: 'its disk is full. Free some space',
  quotaUsedUp: 'its disk quota is used up. Free some space',
  diskReadOnly: 'its disk is read-only. Make it writable',
  notPermitted: 'it may not be written to. Change its permissions',
  folderGone: 'its folder is gone. Connect its disk, or put the folder back',
  diskErrors: 'its disk reports errors. Check the disk',
  databaseBusy:
    'another program is writing to its database library.db. Close it there, or save what was changed there',
  databaseDamaged:
    'its database library.db is damaged, or its disk reports errors. Check the disk; where that is sound, stop, put a copy of library.db back or move it away, and launch with another state folder',
  fileGone: 'its file {0} is gone',
  fileIsNone: 'its file {0} is no file any more',
  fileOfOtherSize: 'its file {0} is of another size: {1} instead of {2} bytes',
  hostUnknown: 'The name in {0} is not known ({1}). Correct the address, or see to the network.',
  nothingAnswers: 'Nothing answers at {0} ({1}). Start the server, or correct the address.',
  notReached: '{0} cannot be reached ({1}). See whether the server runs and the network is there.',
  certificateRefused:
    'The certificate of {0} is not accepted ({1}). Correct it there, or name the certificate of its issuer in NODE_EXTRA_CA_CERTS.',
  passwordNeeded: 'A password is needed for {0} at {1}. Sign in, or set TARSHELF_PASSWORD.',
  passwordRefused: '{0} does not take the password of {1} ({2}). Sign in anew, or correct TARSHELF_PASSWORD.',
  notMyBookshelf2: '{0} answers, but not as MyBookshelf2 does (HTTP {1}). Correct the address.',
  userMayNotAdd:
    '{0} does not let this user add books (HTTP 401). Give the user the role "user" or more there.',
  calibreLibraryMissing:
    'The calibre library {0} is not there ({1}). Plug in its disk, or choose another library.',
  calibreLibraryUnreadable:
    'The calibre library {0} cannot be read ({1}). Check it with calibre, or choose another one.',
  calibreLibraryUnwritable:
    'The calibre library {0} cannot be written ({1}). Free some space, or make it writable.',
  calibreServerNotReached:
    'The calibre content server {0} cannot be reached ({1}). Start it, or check its address.',
  calibreServerRefuses:
    'The calibre content server {0} does not let us in ({1}). Check user name and password, and that this user may make changes.',
  calibreProgramMissing:
    "calibre's program {0} cannot be started ({1}). Install calibre 5 or later, or make its calibredb findable in PATH.",
  calibreIsOpen:
    'A calibre program is open and has the library {0} to itself. Close it; or turn on its content server (Preferences, Sharing over the net) and give its address, such as http://localhost:8080/#Calibre_Library, as the library.',

  // Why a worker is as it is.
  pausedByPerson: 'paused by a person; its tars wait for it',
  pausedAfterRestart: 'paused after 1 restart in 24 hours; resume it when the cause is mended',
  pausedAfterRestarts: 'paused after {0} restarts in 24 hours; resume it when the cause is mended',
  pausedWithoutRestart: 'paused and is not to be started again; resume it when the cause is mended',
  hasSaidNothing: 'it has said nothing for {0}',
  hasNotMoved: 'nothing has moved for {0} (phase {1})',
  holdsTooMuchMemory: 'it holds {0} of memory, and may hold {1}',
  restsForLoad: 'rests for the load of the machine',

  // Answers to what a person asks of workers.
  noWorkersYet: 'The run has no workers yet. Try again when it has started.',
  noSuchWorker: 'There is no worker {0}. This run has workers 1 to {1}.',
  nothingRunning: 'Nothing is running in the state folder {0}. Launch an ingest first.',
  noneToRestart: 'No worker is at work that could be started again.',
  oneRestarts: '1 worker finishes the book in hand and is started again.',
  someRestart: '{0} workers finish the book in hand and are started again.',
  allPause: 'All workers finish the book in hand and are paused then, until they are resumed.',
  nonePaused: 'No worker is paused.',
  oneResumes: '1 worker may work again.',
  someResume: '{0} workers may work again.',
  notRestartedAtEnd: 'Worker {0} is not started again: the run is being stopped.',
  isEndingWithoutTar: 'Worker {0} has no tar left and is ending.',
  isEndingForLoad: 'Worker {0} is ending for the load of the machine.',
  finishesAndRestarts: 'Worker {0} finishes the book in hand and is started again.',
  aboutToRestart: 'Worker {0} is about to be started again.',
  isRestarted: 'Worker {0} is started again.',
  restartsWithTar: 'Worker {0} has no tar left; it is started when there is one.',
  restartsWithLoad: 'Worker {0} rests for the load of the machine; it is started when that allows.',
  isPausedAlready: 'Worker {0} is paused already.',
  endsAnyway: 'Worker {0} ends anyway: the run is being stopped.',
  finishesAndPauses: 'Worker {0} finishes the book in hand and is paused then, until it is resumed.',
  isPaused: 'Worker {0} is paused until it is resumed.',
  isNotPaused: 'Worker {0} is not paused.',
  notStartedAtEnd: 'Worker {0} is not started: the run is being stopped.',
  mayWorkWithoutTar: 'Worker {0} may work again; it has no tar left.',
  tarPassed: '1 tar of worker {0} went to {1}: {2}.',
  tarsPassed: '{0} tars of worker {1} went to {2}: {3}.',
  manyTarsPassed: '{0} tars of worker {1} went to {2}: {3} and {4} more.',
  toWhoeverIsFree: 'whoever is free first',
  toWorker: 'worker {0}',
  toWorkers: 'workers {0}',
  noTarPasses: 'The run is being stopped: no tar changes hands any more. Launch again first.',
  notToItself: 'Worker {0} cannot give its tars to itself. Name other workers.',
  notToPaused: 'Worker {0} is paused. Resume it first, or name another worker.',
  notToResting: 'Worker {0} rests for the load of the machine. Resume it first, or name another worker.',
  nobodyTakes: 'No other worker is there that could take the tars of worker {0}. Resume one first.',
  noTarToGive: 'Worker {0} has no tar that could go to another worker.',
  onlyTarAtWork:
    'Worker {0} is at work in {1} and has no other tar. Pause it first, then that one can go, too.',
  nothingFailedIn: 'Nothing has failed in {0} that could be tried again. "tarshelf failed" lists what has.',
  nothingLost: 'All books of {0} are where they were put: none has to be brought again.',
  lostTarsGone:
    'In {0} is none of the tars that the books came from whose files are gone: {1}. Name the folders that hold them.',
  nothingFailed: 'Nothing has failed that could be tried again, by what {0} says.',

  // The engine, as clients find it.
  engineIsGone: 'The engine of {0} (pid {1}) is gone. Nothing is lost: launch again to go on.',
  engineEnded: 'The engine ended unexpectedly. Nothing is lost: launch again to go on.',
  engineEndedWith: 'The engine ended unexpectedly ({0}). Nothing is lost: launch again to go on.',
  engineIsSilent:
    'The engine of {0} (pid {1}) does not answer. Try again in a moment; if that does not help, end that process and launch again: nothing is lost by it.',
  engineNotReached:
    'The engine of {0} (pid {1}) cannot be reached ({2}). Try again, or end that process: nothing is lost by it.',
  engineOfOtherUser:
    'The engine of {0} (pid {1}) belongs to another user. Ask them to stop it, or choose another state folder.',
  engineIsNewer:
    'The engine of {0} (pid {1}) is of a newer Tarshelf than this. Update this one, or stop that engine with the Tarshelf that started it.',
  engineOfOtherVersion:
    'The engine of this state folder is of another version of Tarshelf ({0}). Use that version, or end the engine with "tarshelf stop" and launch again.',
  noRunHere: 'No run is under way here. Launch one first.',
} as const satisfies Readonly<Record<string, string>>;
export type SentenceName = keyof typeof sentences;

/** A sentence of the table, and what stands in it. */
export interface FoundSentence {
  readonly name: SentenceName;
  readonly values: readonly string[];
}

/** A sentence in English. */
export function sentence(name: SentenceName, ...values: readonly (string | number)[]): string {
  return sentences[name].replaceAll(/\{(\d)\}/g, (_place, index: string) => String(values[Number(index)]));
}

let patterns: readonly (readonly [SentenceName, RegExp])[] | undefined;
const longestFound = 10_000;

/** Which sentence of the table a text is; undefined where it is none. */
export function findSentence(text: string): FoundSentence | undefined {
  // What a program of somebody else said may be of any length.
  if (text.length > longestFound) return undefined;
  // One that says more first: it may be another one with more words.
  patterns ??= (Object.keys(sentences) as SentenceName[])
    .sort((a, b) => sentences[b].length - sentences[a].length)
    .map(name => [name, patternOf(sentences[name])]);
  for (const [name, pattern] of patterns) {
    const match = pattern.exec(text);
    if (match) return { name, values: match.slice(1) };
  }
  return undefined;
}

/** Values come in their order, and the same one may come again. */
function patternOf(template: string): RegExp {
  let known = -1;
  const parts = template.split(/\{(\d)\}/).map((part, index) => {
    if (index % 2 === 0) return part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
    if (Number(part) <= known) return `\\${String(Number(part) + 1)}`;
    known = Number(part);
    return '([\\s\\S]+?)';
  });
  return new RegExp(`^${parts.join('')}$`);
}
