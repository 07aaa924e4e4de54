/** Which reply each command has. A reply of another type is not believed: the server, or a proxy, is out of step. */
import {
  ANY,
  arrayOf,
  COUNT,
  INTEGER,
  OK,
  OK_OR_NULL,
  PAIRS,
  RESULT,
  SCANNED,
  TEXT,
  TEXT_OR_NULL,
  TEXTS,
  ZERO_OR_ONE,
  type ReplyShape,
} from './reply-shape.ts'

const SLOT: ReplyShape = { integer: [0, 16_383] }
const PORT: ReplyShape = { integer: [0, 65_535] }
/** Each of its lines becomes an object. Servers send some 10 KB. */
const LINES: ReplyShape = { status: 64, bulk: 1 << 20 }
/** Accepts a counter, a run id or a manifest, all below 1 KB, and the string that another application has at such a key. */
const VALUE: ReplyShape = { status: 64, bulk: 4 << 20, isNullable: true }
const NAME: ReplyShape = { bulk: 4_096, status: 64, isNullable: true }

const SLOT_MAP: ReplyShape = arrayOf(
  [arrayOf([SLOT, SLOT, arrayOf([NAME, PORT, ANY], [2, 16])], [3, 1_000])],
  [0, 16_384],
)

/** By name, and by name and first argument. */
const SHAPES: Readonly<Record<string, ReplyShape>> = {
  AUTH: OK,
  SELECT: OK,
  ASKING: OK,
  MULTI: OK,
  DISCARD: OK,
  HMSET: OK,
  SET: OK_OR_NULL,
  GET: VALUE,
  HGET: VALUE,
  HGETALL: PAIRS,
  TYPE: { status: 64 },
  DEL: COUNT,
  UNLINK: COUNT,
  EXISTS: COUNT,
  INCR: INTEGER,
  INCRBY: INTEGER,
  PEXPIRE: ZERO_OR_ONE,
  PEXPIREAT: ZERO_OR_ONE,
  PERSIST: ZERO_OR_ONE,
  PTTL: { integer: [-2, Number.MAX_SAFE_INTEGER] },
  HSET: COUNT,
  HSETNX: ZERO_OR_ONE,
  HDEL: COUNT,
  HLEN: COUNT,
  HEXISTS: ZERO_OR_ONE,
  HKEYS: TEXTS,
  SCAN: SCANNED,
  HSCAN: SCANNED,
  SSCAN: SCANNED,
  ZSCAN: SCANNED,
  SMEMBERS: TEXTS,
  SADD: COUNT,
  SREM: COUNT,
  ZADD: COUNT,
  ZREM: COUNT,
  ZCARD: COUNT,
  ZREMRANGEBYSCORE: COUNT,
  ZREMRANGEBYRANK: COUNT,
  ZRANGEBYSCORE: TEXTS,
  RPUSH: COUNT,
  LPUSH: COUNT,
  RPUSHX: COUNT,
  LPUSHX: COUNT,
  LTRIM: OK,
  XADD: { status: 64, bulk: 64, isNullable: true },
  XLEN: COUNT,
  XTRIM: COUNT,
  XDEL: COUNT,
  EVAL: RESULT,
  EVALSHA: RESULT,
  WAIT: COUNT,
  WAITAOF: arrayOf([COUNT], [2, 2]),
  TIME: arrayOf([TEXT], [2, 2]),
  ROLE: arrayOf([TEXT, ANY], [1, 16]),
  INFO: LINES,
  'CLIENT ID': COUNT,
  'CLIENT SETNAME': OK,
  'CLIENT KILL': { integer: [0, Number.MAX_SAFE_INTEGER], status: 64 },
  'CLIENT LIST': TEXT,
  'CONFIG GET': PAIRS,
  'CLUSTER SLOTS': SLOT_MAP,
  'SCRIPT LOAD': { status: 64, bulk: 64 },
  'SENTINEL GET-MASTER-ADDR-BY-NAME': { ...arrayOf([TEXT], [2, 2]), isNullable: true },
  'SENTINEL MASTER': PAIRS,
  'SENTINEL MASTERS': arrayOf([PAIRS], [0, 10_000]),
  'SENTINEL SENTINELS': arrayOf([PAIRS], [0, 10_000]),
}

/** Commands whose first argument is part of their name. */
const CONTAINERS = new Set(['CLIENT', 'CONFIG', 'CLUSTER', 'SCRIPT', 'SENTINEL'])

/** The replies to HMGET have as many elements as there are fields. */
const FIELDS: ReplyShape[] = []

/** Commands that scripts of the connector, or `check`, call besides those of the table. */
const OTHERS = new Set(
  'EXEC EXPIRE GETEX HMGET HVALS LRANGE LPOP PING RENAME SPOP SRANDMEMBER XRANGE ZRANGE SCRIPT CLIENT CONFIG CLUSTER SENTINEL'.split(
    ' ',
  ),
)

/** Returns whether a text is the name of a command that the connector sends, and nothing else that it was given. */
export function isCommandName(text: string): boolean {
  return Object.hasOwn(SHAPES, text) || OTHERS.has(text)
}

/** Returns the name of a command as it stands in sentences and in the table. */
export function commandName(command: string, firstArgument?: string | number): string {
  const name = command.toUpperCase()
  return CONTAINERS.has(name) && firstArgument !== undefined
    ? `${name} ${String(firstArgument).toUpperCase()}`
    : name
}

/** Returns the replies that a command can have. `args`: how many arguments follow its name. */
export function replyShapeOf(name: string, args: number): ReplyShape {
  if (name === 'HMGET') return (FIELDS[args] ??= arrayOf([TEXT_OR_NULL], [args - 1, args - 1]))
  return SHAPES[name] ?? ANY
}

/** Returns the replies between MULTI and EXEC: where MULTI was refused, each command has its own. */
export function queuedReplyOf(name: string, args: number): ReplyShape {
  const shape = replyShapeOf(name, args)
  return shape.status === undefined ? { ...shape, status: 64 } : shape
}
