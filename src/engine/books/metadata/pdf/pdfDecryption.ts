import type * as Crypto from 'node:crypto';
import { UnreadableBookError } from '../bookMetadata.ts';
import type { PdfDictionary, PdfReference, PdfValue } from './pdfParser.ts';

// Most encrypted PDFs open without a password: they only forbid printing. They are encrypted with the empty user
// password, so whoever follows ISO 32000 can read them. Where a password is needed, nothing is tried.

type Method = 'none' | 'rc4' | 'aes128' | 'aes256';

/** Loaded when it is needed: few books are encrypted, and it takes as long as reading hundreds that are not. */
function crypto(): typeof Crypto {
  return process.getBuiltinModule('node:crypto');
}

/** What stands in for the characters that a password lacks to 32: part of the standard. */
const padding = Buffer.from('28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a', 'hex');
const noBytes = Buffer.alloc(0);

export class PdfDecryption {
  readonly #key: Buffer;
  readonly #strings: Method;
  readonly #streams: Method;
  /** False when the Metadata stream is in the open. */
  readonly encryptsMetadata: boolean;

  /**
   * @param encrypt the Encrypt dictionary, without references in it
   * @param id the first part of the file's ID, as characters
   * @throws UnreadableBookError when a password is needed, or the encryption is not a standard one
   */
  constructor(encrypt: PdfDictionary, id: string) {
    const version = numberIn(encrypt, 'V', 0);
    const revision = numberIn(encrypt, 'R', 0);
    const filter = encrypt.get('Filter');
    if (!isName(filter, 'Standard') || ![1, 2, 4, 5].includes(version) || revision < 2 || revision > 6) {
      throw new UnreadableBookError('it is encrypted in an unknown way');
    }
    this.encryptsMetadata = encrypt.get('EncryptMetadata') !== false;
    this.#strings = version < 4 ? 'rc4' : methodOf(encrypt, 'StrF');
    this.#streams = version < 4 ? 'rc4' : methodOf(encrypt, 'StmF');
    const key =
      revision >= 5
        ? keyOfRevision5(encrypt, revision)
        : keyOfRevision2(encrypt, version, revision, Buffer.from(id, 'latin1'), this.encryptsMetadata);
    if (!key) throw new UnreadableBookError('it opens with a password only');
    this.#key = key;
  }

  string(bytes: string, owner: PdfReference): string {
    return this.#decrypt(this.#strings, Buffer.from(bytes, 'latin1'), owner).toString('latin1');
  }

  stream(bytes: Buffer, owner: PdfReference): Buffer {
    return this.#decrypt(this.#streams, bytes, owner);
  }

  #decrypt(method: Method, bytes: Buffer, owner: PdfReference): Buffer {
    switch (method) {
      case 'none':
        return bytes;
      case 'rc4':
        return rc4(this.#keyOf(owner, noBytes), bytes);
      case 'aes128':
        return aes('aes-128-cbc', this.#keyOf(owner, Buffer.from('sAlT', 'latin1')), bytes);
      case 'aes256':
        return aes('aes-256-cbc', this.#key, bytes);
    }
  }

  #keyOf(owner: PdfReference, salt: Buffer): Buffer {
    const place = Buffer.alloc(5);
    place.writeUIntLE(owner.number % 0x1000000, 0, 3);
    place.writeUIntLE(owner.generation % 0x10000, 3, 2);
    return md5(this.#key, place, salt).subarray(0, Math.min(this.#key.length + 5, 16));
  }
}

function methodOf(encrypt: PdfDictionary, key: 'StrF' | 'StmF'): Method {
  const filter = encrypt.get(key);
  const name = isName(filter) ? filter.name : 'Identity';
  if (name === 'Identity') return 'none';
  const filters = encrypt.get('CF');
  const crypt = filters instanceof Map ? filters.get(name) : undefined;
  const method = crypt instanceof Map ? crypt.get('CFM') : undefined;
  switch (isName(method) ? method.name : 'None') {
    case 'None':
      return 'none';
    case 'V2':
      return 'rc4';
    case 'AESV2':
      return 'aes128';
    case 'AESV3':
      return 'aes256';
    default:
      throw new UnreadableBookError('it is encrypted in an unknown way');
  }
}

function keyOfRevision2(
  encrypt: PdfDictionary,
  version: number,
  revision: number,
  id: Buffer,
  encryptsMetadata: boolean,
): Buffer | undefined {
  const owner = bytesIn(encrypt, 'O').subarray(0, 32);
  const user = bytesIn(encrypt, 'U');
  const permissions = Buffer.alloc(4);
  permissions.writeInt32LE(numberIn(encrypt, 'P', 0) | 0);
  const bits = version === 1 ? 40 : numberIn(encrypt, 'Length', version === 4 ? 128 : 40);
  const length = Math.min(16, Math.max(5, bits >> 3));
  const openMetadata = revision >= 4 && !encryptsMetadata ? Buffer.alloc(4, 0xff) : noBytes;
  let key = md5(padding, owner, permissions, id, openMetadata);
  if (revision >= 3) for (let round = 0; round < 50; round++) key = md5(key.subarray(0, length));
  key = key.subarray(0, length);
  if (revision === 2) return rc4(key, padding).equals(user.subarray(0, 32)) ? key : undefined;
  let check = md5(padding, id);
  for (let round = 0; round < 20; round++) check = rc4(Buffer.from(key.map(byte => byte ^ round)), check);
  return check.equals(user.subarray(0, 16)) ? key : undefined;
}

function keyOfRevision5(encrypt: PdfDictionary, revision: number): Buffer | undefined {
  const user = bytesIn(encrypt, 'U');
  const userKey = bytesIn(encrypt, 'UE').subarray(0, 32);
  const hash = revision === 5 ? (salt: Buffer) => sha('sha256', salt) : hashOfRevision6;
  if (userKey.length < 32 || !hash(user.subarray(32, 40)).equals(user.subarray(0, 32))) return undefined;
  const decipher = crypto().createDecipheriv('aes-256-cbc', hash(user.subarray(40, 48)), Buffer.alloc(16));
  return decipher.setAutoPadding(false).update(userKey);
}

/** Algorithm 2.B of ISO 32000-2 for the empty password. Its number of rounds depends on the data; 500 are far more than any. */
function hashOfRevision6(salt: Buffer): Buffer {
  let key = sha('sha256', salt);
  for (let round = 0; round < 500; round++) {
    const repeated = Buffer.concat(Array.from({ length: 64 }, () => key));
    const cipher = crypto().createCipheriv('aes-128-cbc', key.subarray(0, 16), key.subarray(16, 32));
    const encrypted = cipher.setAutoPadding(false).update(repeated);
    const remainder = encrypted.subarray(0, 16).reduce((sum, byte) => sum + byte, 0) % 3;
    key = sha((['sha256', 'sha384', 'sha512'] as const)[remainder] ?? 'sha256', encrypted);
    if (round >= 63 && (encrypted.at(-1) ?? 0) <= round - 31) break;
  }
  return key.subarray(0, 32);
}

/** OpenSSL 3 no longer has it. */
function rc4(key: Buffer, data: Buffer): Buffer {
  const state = Uint8Array.from({ length: 256 }, (_, index) => index);
  const swap = (a: number, b: number): void => {
    const kept = state[a] ?? 0;
    state[a] = state[b] ?? 0;
    state[b] = kept;
  };
  for (let i = 0, j = 0; i < 256; i++) {
    j = (j + (state[i] ?? 0) + (key[i % key.length] ?? 0)) & 0xff;
    swap(i, j);
  }
  const out = Buffer.alloc(data.length);
  for (let at = 0, i = 0, j = 0; at < data.length; at++) {
    i = (i + 1) & 0xff;
    j = (j + (state[i] ?? 0)) & 0xff;
    swap(i, j);
    out[at] = (data[at] ?? 0) ^ (state[((state[i] ?? 0) + (state[j] ?? 0)) & 0xff] ?? 0);
  }
  return out;
}

/** The first block is the initialisation vector, and the last byte says how many bytes are padding. */
function aes(algorithm: 'aes-128-cbc' | 'aes-256-cbc', key: Buffer, data: Buffer): Buffer {
  const end = data.length - (data.length % 16);
  if (end < 32) return noBytes;
  const decipher = crypto().createDecipheriv(algorithm, key, data.subarray(0, 16)).setAutoPadding(false);
  const plain = decipher.update(data.subarray(16, end));
  const pad = plain.at(-1) ?? 0;
  return pad >= 1 && pad <= 16 ? plain.subarray(0, plain.length - pad) : plain;
}

function md5(...parts: Buffer[]): Buffer {
  return crypto().createHash('md5').update(Buffer.concat(parts)).digest();
}

function sha(algorithm: 'sha256' | 'sha384' | 'sha512', data: Buffer): Buffer {
  return crypto().createHash(algorithm).update(data).digest();
}

function isName(value: PdfValue, name?: string): value is Extract<PdfValue, { kind: 'name' }> {
  const known = typeof value === 'object' && 'kind' in value && value.kind === 'name';
  return known && (name === undefined || value.name === name);
}

function numberIn(dictionary: PdfDictionary, key: string, otherwise: number): number {
  const value = dictionary.get(key);
  return typeof value === 'number' ? value : otherwise;
}

function bytesIn(dictionary: PdfDictionary, key: string): Buffer {
  const value = dictionary.get(key);
  const bytes = typeof value === 'object' && 'kind' in value && value.kind === 'string' ? value.bytes : '';
  return Buffer.from(bytes, 'latin1');
}
