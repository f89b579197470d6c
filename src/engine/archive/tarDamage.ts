/** The tar cannot be read further: from `offset` on it is not what a tar has there. */
export class TarDamage extends Error {
  /** Position in the tar; in a compressed one, in the tar within. */
  readonly offset: number;
  readonly reason: string;
  /**
   * What was read before that may be wrong as well: a compressed file tells of damage only at its checksum, or
   * where what comes out of it makes no sense any more.
   */
  readonly isDoubtful: boolean;

  constructor(offset: number, reason: string, isDoubtful = false) {
    super(`${reason} at byte ${String(offset)}`);
    this.name = 'TarDamage';
    this.offset = offset;
    this.reason = reason;
    this.isDoubtful = isDoubtful;
  }
}
