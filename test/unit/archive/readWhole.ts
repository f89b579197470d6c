import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { openArchive } from '../../../src/engine/archive/openArchive.ts';
import { TarDamage } from '../../../src/engine/archive/tarDamage.ts';
import type { TarMember } from '../../../src/engine/archive/tarWalk.ts';

export interface ReadMember extends TarMember {
  readonly sha1: string;
}

export interface ReadArchive {
  /** How far in the file each member was dealt with. */
  readonly filePositions: number[];
  readonly members: ReadMember[];
  readonly damage: TarDamage | null;
  readonly notices: string[];
}

/** Reads all members with their bodies, and what ended the reading. */
export async function readWhole(
  path: string,
  from = 0,
  spoolFolder = join(dirname(path), 'spool'),
): Promise<ReadArchive> {
  const archive = await openArchive(path, spoolFolder);
  const members: ReadMember[] = [];
  const filePositions: number[] = [];
  const notices: string[] = [];
  let damage: TarDamage | null = null;
  try {
    for await (const member of archive.members({ from, onNotice: message => notices.push(message) })) {
      await member.keep();
      const digest = createHash('sha1');
      for await (const chunk of member.chunks()) digest.update(chunk);
      const { name, headerOffset, bodyOffset, sizeBytes, endOffset, kind, reason } = member;
      const sha1 = digest.digest('hex');
      members.push({ name, headerOffset, bodyOffset, sizeBytes, endOffset, kind, reason, sha1 });
      filePositions.push(member.filePosition);
      await member.release();
    }
  } catch (thrown) {
    if (!(thrown instanceof TarDamage)) throw thrown;
    damage = thrown;
  } finally {
    await archive.close();
  }
  return { members, filePositions, damage, notices };
}

export function sha1(bytes: string | Buffer): string {
  return createHash('sha1').update(bytes).digest('hex');
}
