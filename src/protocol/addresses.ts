/** Protocols of the addresses that a person may name, by what is there. */
export const addressProtocols = {
  http: ['http:', 'https:'],
  webSocket: ['ws:', 'wss:'],
  database: ['postgresql:', 'postgres:'],
} as const satisfies Record<string, readonly string[]>;
export type AddressKind = keyof typeof addressProtocols;

/**
 * What is the matter with an address; null when nothing is.
 *
 *   malformed  it is none of this kind
 *   password   it holds a password, which would be seen wherever the address is
 */
export function addressProblem(kind: AddressKind, text: string): 'malformed' | 'password' | null {
  const url = URL.parse(text);
  const protocols: readonly string[] = addressProtocols[kind];
  if (!url || !protocols.includes(url.protocol) || url.hostname === '') return 'malformed';
  // PostgreSQL's clients take one among the parameters, too.
  return url.password !== '' || (kind === 'database' && url.searchParams.has('password')) ? 'password' : null;
}

/** How addresses of a kind begin, for a person. */
export function addressBeginnings(kind: AddressKind): string {
  return addressProtocols[kind].map(protocol => `${protocol}//`).join(' or ');
}
