import { memberName } from './memberName.ts';
import { readPaxRecords, type PaxRecords } from './paxRecords.ts';
import { TarDamage } from './tarDamage.ts';
import {
  blockKind,
  blockSize,
  endOfName,
  endOfPrefix,
  isBodiless,
  linkNameOf,
  padded,
  prefixAt,
  sizeOf,
  sparseMapContinues,
  sparseMapContinuesAgain,
  typeOf,
} from './tarHeader.ts';
import { sentence } from '../../protocol/sentences.ts';

/** Longest extended header or long name taken into memory; real ones are a few hundred bytes. */
const largestExtension = 1024 * 1024;

/** `file` has a body; `directory` is structure; `other` is what `reason` says. */
export type MemberKind = 'file' | 'directory' | 'other';

/** Why a member is neither a file nor a directory. */
export type OtherReason =
  | 'symbolic link'
  | 'hard link to nothing before it'
  | 'hard link to something that is no file'
  | 'hard link in a compressed tar'
  | 'device'
  | 'named pipe'
  | 'sparse file'
  | 'list of a folder from an incremental backup'
  | 'label of the tar'
  | 'rest of a file that another volume began'
  | 'note of the program that made the tar';

/** One entry of a tar. Known by its tar and offset: names may repeat. */
export interface TarMember {
  /** As stored, with `/` between folders, without control characters. Never used as a path on disk. */
  readonly name: string;
  /** Position of the header that introduces it (the first of its extended headers). */
  readonly headerOffset: number;
  /** Position of its first byte. That of a hard link is in the member it points to. */
  readonly bodyOffset: number;
  /** Length of its body in the tar. */
  readonly sizeBytes: number;
  /** Where the next member's headers begin. */
  readonly endOffset: number;
  readonly kind: MemberKind;
  /** Set for `other` only. */
  readonly reason: OtherReason | null;
}

type State =
  'header' | 'longName' | 'longLink' | 'pax' | 'globalPax' | 'sparseMap' | 'afterBodiless' | 'endMark';

/** A member whose header is read, but not yet what tells whether it has a body. */
interface Unsettled {
  readonly member: TarMember;
  readonly sizeBytes: number;
}

/**
 * Goes from header to header and says what stands there; the caller brings the bytes. So one set of rules
 * serves tars read by position and tars that pass by once:
 *
 *   bring `needs` bytes from `position` ─▶ take() ─▶ perhaps a member; `position` and `needs` are new
 *   there are no more than fewer bytes  ─▶ finish(), until it has ended or thrown
 *
 *   header ──┬─▶ longName, longLink, pax, globalPax ─▶ header
 *            ├─▶ sparseMap ─▶ (member) header
 *            ├─▶ afterBodiless ─▶ (member) header
 *            ├─▶ (member) header
 *            └─▶ endMark ─▶ ended
 *
 * Ustar, gnu, pax, star and the tars before them are understood. Where a length could be read in two ways, the
 * one that GNU tar takes is taken.
 */
export class TarWalk {
  /** Where the bytes that {@link take} wants begin. */
  position: number;
  /** How many it wants. */
  needs = blockSize;
  /** Where the end mark is a single block at the very end of the tar, its position. */
  loneZeroBlock: number | null = null;
  /** What the member last taken points to, when it is a hard link. */
  linkTarget: Buffer | null = null;
  /** The name of the member last taken, as stored. Valid until the bytes it was taken from change. */
  rawName: Buffer = nothing;

  readonly #sizeBytes: number;
  #ended = false;
  #state: State = 'header';
  #firstHeader: number | null = null;
  #extensionBytes = 0;
  #longName: Buffer | null = null;
  #longLink: Buffer | null = null;
  #pax: PaxRecords | null = null;
  #sparse: TarMember | null = null;
  #lastHeader = 0;
  #lastBodyEnd = 0;
  #unsettled: Unsettled | null = null;

  /** @param sizeBytes of the tar; Infinity where that is not known before its end */
  constructor(sizeBytes: number, start = 0) {
    this.#sizeBytes = sizeBytes;
    this.position = start;
  }

  /** Whether the end mark was read; `position` is then the one behind it. */
  hasEnded(): boolean {
    return this.#ended;
  }

  /**
   * Takes the `needs` bytes that stand at `position`.
   *
   * @param at where they are in `bytes`
   * @returns a member when they complete one
   * @throws TarDamage
   */
  take(bytes: Buffer, at: number): TarMember | null {
    switch (this.#state) {
      case 'header':
        return this.#takeHeader(bytes, at);
      case 'afterBodiless':
        return this.#settle(blockKind(bytes, at) === 'invalid');
      case 'sparseMap':
        return this.#takeSparseMap(bytes, at);
      case 'endMark':
        this.#takeSecondZeroBlock(bytes, at);
        return null;
      default:
        this.#takeExtension(this.#state, bytes.subarray(at, at + this.#extensionBytes));
        return null;
    }
  }

  /**
   * The tar ends before the bytes that were wanted.
   *
   * @param tarBytes its length, now that it is known
   * @returns a member that waited for what follows
   * @throws TarDamage unless this is the end of a whole tar
   */
  finish(tarBytes: number): TarMember | null {
    switch (this.#state) {
      case 'afterBodiless':
        return this.#settle(false);
      case 'endMark':
        if (tarBytes === this.position) {
          // Some writers end so, and GNU tar takes it.
          this.loneZeroBlock = this.position - blockSize;
          this.#ended = true;
          return null;
        }
        throw new TarDamage(this.position, sentence('cutOffInEndMark'));
      case 'header':
        if (tarBytes === 0) throw new TarDamage(0, 'the file is empty');
        if (tarBytes < this.#lastBodyEnd) throw new TarDamage(this.#lastHeader, cutInMember);
        if (tarBytes <= this.position) throw new TarDamage(tarBytes, sentence('endMarkMissing'));
        throw new TarDamage(this.position, sentence('cutOffInHeader'));
      case 'sparseMap':
        throw new TarDamage(this.position, sentence('cutOffInSparseMap'));
      default:
        throw new TarDamage(this.position - blockSize, sentence('cutOffInExtendedHeader'));
    }
  }

  #takeHeader(bytes: Buffer, at: number): TarMember | null {
    const headerAt = this.position;
    switch (blockKind(bytes, at)) {
      case 'zero':
        if (this.#firstHeader !== null)
          throw new TarDamage(headerAt, 'a member is missing after its extended header');
        this.#want('endMark', headerAt + blockSize);
        return null;
      case 'invalid':
        throw new TarDamage(headerAt, headerAt === 0 ? sentence('noTar') : sentence('headerInvalid'));
      case 'header':
    }
    const type = typeOf(bytes, at);
    switch (type) {
      case 'x':
      case 'X':
        this.#wantExtension('pax', bytes, at);
        return null;
      case 'g':
        this.#wantExtension('globalPax', bytes, at);
        return null;
      case 'L':
        this.#wantExtension('longName', bytes, at);
        return null;
      case 'K':
        this.#wantExtension('longLink', bytes, at);
        return null;
      default:
        return this.#takeMember(type, bytes, at);
    }
  }

  #wantExtension(state: State, bytes: Buffer, at: number): void {
    const sizeBytes = sizeOf(bytes, at);
    if (sizeBytes === undefined) throw new TarDamage(this.position, 'a header has no valid size');
    if (sizeBytes > largestExtension)
      throw new TarDamage(this.position, 'an extended header is too long to be real');
    // A global one belongs to no member.
    if (state !== 'globalPax') this.#firstHeader ??= this.position;
    this.#extensionBytes = sizeBytes;
    this.#want(state, this.position + blockSize, padded(sizeBytes));
  }

  #takeExtension(state: State, bytes: Buffer): void {
    switch (state) {
      case 'pax':
        // Copied: the records point into these bytes, and the caller's go.
        readPaxRecords(Buffer.from(bytes), (this.#pax ??= {}));
        break;
      case 'longName':
        this.#longName = Buffer.from(untilNul(bytes));
        break;
      case 'longLink':
        this.#longLink = Buffer.from(untilNul(bytes));
        break;
      default:
      // A global header is about all members at once: what can be true of each of them is neither a name nor
      // a size, and nothing else matters here.
    }
    this.#want('header', this.position + this.needs);
  }

  #takeMember(type: string, bytes: Buffer, at: number): TarMember | null {
    const headerAt = this.position;
    const pax = this.#pax;
    const stored = pax?.sizeBytes ?? sizeOf(bytes, at);
    const isSparse = pax?.isSparse === true && isFile(type);
    let reason = isSparse ? 'sparse file' : reasonFor(type);
    let kind: MemberKind = reason === null ? 'file' : 'other';
    const name = this.#name(bytes, at);
    // Before there was a type for directories, a slash at the end of a name made one.
    if (type === '5' || (kind === 'file' && name.endsWith('/'))) {
      kind = 'directory';
      reason = null;
    }
    const bodyOffset = headerAt + blockSize;
    const headerOffset = this.#firstHeader ?? headerAt;
    const bodiless = kind === 'directory' || isBodiless(type);
    if (type === '1') this.linkTarget = this.#longLink ?? pax?.linkPath ?? Buffer.from(linkNameOf(bytes, at));
    else this.linkTarget = null;
    if (this.#firstHeader !== null) this.#forgetExtensions();

    if (bodiless) {
      const member = { name, headerOffset, bodyOffset, sizeBytes: 0, endOffset: bodyOffset, kind, reason };
      this.#want('header', bodyOffset);
      if (stored === undefined || !(stored > 0)) return member;
      // The rule is that links and directories have no body, but writers differ: the next block will tell.
      this.rawName = Buffer.from(this.rawName);
      this.#unsettled = { member, sizeBytes: stored };
      this.#want('afterBodiless', bodyOffset);
      return null;
    }
    if (stored === undefined || !Number.isSafeInteger(stored))
      throw new TarDamage(headerAt, 'a header has no valid size');
    if (type === 'S' && sparseMapContinues(bytes, at)) {
      this.#sparse = { name, headerOffset, bodyOffset, sizeBytes: stored, endOffset: 0, kind, reason };
      this.#want('sparseMap', bodyOffset);
      return null;
    }
    const endOffset = this.#skipBody(headerOffset, bodyOffset, stored);
    return { name, headerOffset, bodyOffset, sizeBytes: stored, endOffset, kind, reason };
  }

  #name(bytes: Buffer, at: number): string {
    const pax = this.#pax;
    const whole = pax?.sparseName ?? pax?.path ?? this.#longName;
    if (whole) {
      this.rawName = whole;
      return memberName(whole);
    }
    const end = endOfName(bytes, at);
    const prefixEnd = endOfPrefix(bytes, at);
    if (prefixEnd === at + prefixAt) {
      this.rawName = bytes.subarray(at, end);
      return memberName(bytes, at, end);
    }
    this.rawName = Buffer.concat([bytes.subarray(at + prefixAt, prefixEnd), slash, bytes.subarray(at, end)]);
    return memberName(this.rawName);
  }

  #takeSparseMap(bytes: Buffer, at: number): TarMember | null {
    const next = this.position + blockSize;
    const member = this.#sparse;
    if (sparseMapContinuesAgain(bytes, at) || !member) {
      this.#want('sparseMap', next);
      return null;
    }
    this.#sparse = null;
    const endOffset = this.#skipBody(member.headerOffset, next, member.sizeBytes);
    return { ...member, bodyOffset: next, endOffset };
  }

  /** A member that should have no body named a size. Without one, the next block is a header or the end mark. */
  #settle(hasBody: boolean): TarMember | null {
    const unsettled = this.#unsettled;
    this.#unsettled = null;
    this.#want('header', this.position);
    if (!unsettled) return null;
    const { member, sizeBytes } = unsettled;
    if (!hasBody || !Number.isSafeInteger(sizeBytes)) return member;
    const endOffset = this.#skipBody(member.headerOffset, member.bodyOffset, sizeBytes);
    if (this.linkTarget === null) return { ...member, endOffset };
    // Some pax writers give hard links the bytes of what they point to.
    this.linkTarget = null;
    return { ...member, sizeBytes, endOffset, kind: 'file', reason: null };
  }

  /** Goes to what follows a body, and says where that is. */
  #skipBody(headerOffset: number, bodyOffset: number, sizeBytes: number): number {
    this.#lastHeader = headerOffset;
    this.#lastBodyEnd = bodyOffset + sizeBytes;
    if (this.#lastBodyEnd > this.#sizeBytes) throw new TarDamage(headerOffset, cutInMember);
    const endOffset = bodyOffset + padded(sizeBytes);
    this.#want('header', endOffset);
    return endOffset;
  }

  #takeSecondZeroBlock(bytes: Buffer, at: number): void {
    // GNU tar stops here with a warning. But this is what a header that was wiped out looks like, and taking
    // it for the end would lose what follows.
    if (blockKind(bytes, at) !== 'zero') {
      throw new TarDamage(this.position - blockSize, 'a block of zeros stands where a header should be');
    }
    this.position += blockSize;
    this.#ended = true;
  }

  #forgetExtensions(): void {
    this.#firstHeader = null;
    this.#pax = null;
    this.#longName = null;
    this.#longLink = null;
  }

  #want(state: State, position: number, needs = blockSize): void {
    this.#state = state;
    this.position = position;
    this.needs = needs;
  }
}

const cutInMember = sentence('cutOffInMember');
const nothing = Buffer.alloc(0);
const slash = Buffer.from('/');

function untilNul(bytes: Buffer): Buffer {
  const end = bytes.indexOf(0);
  return end === -1 ? bytes : bytes.subarray(0, end);
}

function isFile(type: string): boolean {
  return reasonFor(type) === null;
}

/** Why a type is no file, or null: what nobody knows is a file, as POSIX wants it, so that no book is lost. */
function reasonFor(type: string): OtherReason | null {
  switch (type) {
    case '1':
      return 'hard link to nothing before it';
    case '2':
      return 'symbolic link';
    case '3':
    case '4':
      return 'device';
    case '6':
      return 'named pipe';
    case 'S':
      return 'sparse file';
    case 'D':
      return 'list of a folder from an incremental backup';
    case 'V':
      return 'label of the tar';
    case 'M':
      return 'rest of a file that another volume began';
    case 'A':
    case 'E':
    case 'I':
    case 'N':
      return 'note of the program that made the tar';
    default:
      return null;
  }
}
