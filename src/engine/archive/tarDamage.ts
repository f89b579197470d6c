/** The tar cannot be read further: from `offset` on it is not what a tar has there. */
export class TarDamage extends Error {
  /** Position in the tar; in a compressed one, in the tar within. */
  readonly offset: number;
  readonly reason: string;

  constructor(offset: number, reason: string) {
    super(`${reason} at byte ${String(offset)}`);
    this.name = 'TarDamage';
    this.offset = offset;
    this.reason = reason;
  }
}
