import type { Secrets } from '../protocol/secrets.ts';

/** Variables that hold secrets, by what they open. They go no further than this process. */
export const secretVariables = {
  password: 'TARSHELF_PASSWORD',
  databasePassword: 'TARSHELF_DATABASE_PASSWORD',
} as const satisfies Record<keyof Secrets, string>;

/** The environment for other processes: everything of it can be read by whoever runs as the same user. */
export function withoutSecrets(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const hidden: readonly string[] = Object.values(secretVariables);
  return Object.fromEntries(Object.entries(env).filter(([name]) => !hidden.includes(name)));
}

/** What the environment holds of them. An empty one is none. */
export function secretsFromEnvironment(env: NodeJS.ProcessEnv): Secrets {
  const read = (name: string): string | null => {
    const value = env[name];
    return value === undefined || value === '' ? null : value;
  };
  return {
    password: read(secretVariables.password),
    databasePassword: read(secretVariables.databasePassword),
  };
}
