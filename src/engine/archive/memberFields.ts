import type { MemberKind, OtherReason, TarMember } from './tarWalk.ts';

/** What a tar says of a member; each kind of archive adds its way to the bytes. */
export class MemberFields implements TarMember {
  readonly name: string;
  readonly headerOffset: number;
  readonly bodyOffset: number;
  readonly sizeBytes: number;
  readonly endOffset: number;
  readonly kind: MemberKind;
  readonly reason: OtherReason | null;

  constructor(member: TarMember) {
    this.name = member.name;
    this.headerOffset = member.headerOffset;
    this.bodyOffset = member.bodyOffset;
    this.sizeBytes = member.sizeBytes;
    this.endOffset = member.endOffset;
    this.kind = member.kind;
    this.reason = member.reason;
  }
}
