import * as v from 'valibot';

/**
 * How clients find the engine of a state folder. It is a note and no lock: after a kill it stands there for
 * nobody. Who has the folder is told by `engine.lock`, which the system frees with its holder.
 */
export const engineFileName = 'engine.json';

/** Holds the token, and nothing else; only its owner may read it. Made anew by each engine. */
export const engineTokenFileName = 'engine.token';

/** Grows when an older client or engine would misunderstand the other. */
export const clientProtocolVersion = 2;

export const engineFileSchema = v.object({
  /** Of the protocol that is spoken at the address. */
  protocol: v.pipe(v.number(), v.integer(), v.minValue(1)),
  /** Of the program, such as `1.2.3`. */
  version: v.string(),
  pid: v.pipe(v.number(), v.integer(), v.minValue(1)),
  /** What no later process with this pid has; null where the system does not say. */
  processStart: v.nullable(v.string()),
  /** Name of the machine or container that pid and address belong to. */
  host: v.string(),
  /** Path of a socket, or name of a pipe. */
  address: v.string(),
  /** ISO 8601 in UTC. */
  startedAt: v.pipe(v.string(), v.isoTimestamp()),
  /** The workers it has at the moment, for the sweep of its successor. */
  workers: v.array(
    v.object({
      number: v.pipe(v.number(), v.integer(), v.minValue(1)),
      pid: v.pipe(v.number(), v.integer(), v.minValue(1)),
      processStart: v.nullable(v.string()),
    }),
  ),
});
export type EngineFile = v.InferOutput<typeof engineFileSchema>;
