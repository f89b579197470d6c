import { TarDamage } from './tarDamage.ts';
import { UnpackError, type Unpacked } from './unpacked.ts';

/** Reads unpacked bytes by position, where positions only grow. Failures to unpack become TarDamage. */
export class ForwardReader {
  readonly #unpacked: Unpacked;
  #chunks: Buffer[] = [];
  #available = 0;
  #position = 0;

  constructor(unpacked: Unpacked) {
    this.#unpacked = unpacked;
  }

  get position(): number {
    return this.#position;
  }

  /** Passes over everything before `position`; stays at the end where that comes first. */
  async skipTo(position: number): Promise<void> {
    while (this.#position < position) {
      if (this.#available === 0 && !(await this.#pull())) return;
      this.#drop(Math.min(position - this.#position, this.#available));
    }
  }

  /** The next `length` bytes, fewer at the end, without passing over them. */
  async peek(length: number): Promise<Buffer> {
    while (this.#available < length && (await this.#pull()));
    let first = this.#chunks[0] ?? nothing;
    if (first.length < length && this.#chunks.length > 1) {
      first = Buffer.concat(this.#chunks);
      this.#chunks = [first];
    }
    return first.subarray(0, length);
  }

  /** The next bytes, at most `length`; null at the end. */
  async take(length: number): Promise<Buffer | null> {
    if (this.#available === 0 && !(await this.#pull())) return null;
    const bytes = (this.#chunks[0] ?? nothing).subarray(0, length);
    this.#drop(bytes.length);
    return bytes;
  }

  #drop(length: number): void {
    this.#position += length;
    this.#available -= length;
    let rest = length;
    for (let first = this.#chunks[0]; first && rest > 0; first = this.#chunks[0]) {
      if (first.length > rest) {
        this.#chunks[0] = first.subarray(rest);
        return;
      }
      rest -= first.length;
      this.#chunks.shift();
    }
  }

  async #pull(): Promise<boolean> {
    try {
      const bytes = await this.#unpacked.next();
      if (!bytes) return false;
      this.#chunks.push(bytes);
      this.#available += bytes.length;
      return true;
    } catch (thrown) {
      if (!(thrown instanceof UnpackError)) throw thrown;
      const end = this.#position + this.#available;
      throw new TarDamage(end, `${thrown.message}, which ends the tar in it`, !thrown.isCutOff);
    }
  }
}

const nothing = Buffer.alloc(0);
