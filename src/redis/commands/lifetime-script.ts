/**
 * Scripts that set the time to live of a key with many records. They are sent as text (EVAL), because a command of a
 * transaction cannot be repeated alone if the server has lost its scripts.
 */

/** ARGV[1] is `keep`, `never`, or the time to live in milliseconds. */
export const SET_LIFETIME = `
if ARGV[1] == 'never' then redis.call('PERSIST', KEYS[1])
elseif ARGV[1] ~= 'keep' then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
`

/**
 * Before Redis 5, replicas and the append-only file otherwise get the script, and count the milliseconds from when they
 * run it.
 */
export const REPLICATE_EFFECTS = 'pcall(redis.replicate_commands)\n'

/**
 * Follows the command that wrote the key. KEYS[1]: the key. ARGV: its time to live, and its Redis type. A key of another
 * type has refused the record: it belongs to another application, and keeps its own time to live.
 */
export const LIFETIME_SCRIPT = `${REPLICATE_EFFECTS}
if redis.call('TYPE', KEYS[1]).ok ~= ARGV[2] then return 0 end
${SET_LIFETIME}
return 1
`

/**
 * Writes under a condition. KEYS[1]: the key. ARGV: its time to live, the command, and its arguments after the key. Sets
 * the time to live if something was written. Returns how many records were written.
 */
export const CONDITIONAL_LIFETIME_SCRIPT = `${REPLICATE_EFFECTS}
local written = redis.call(ARGV[2], KEYS[1], unpack(ARGV, 3))
if written == 0 then return 0 end
${SET_LIFETIME}
return written
`
