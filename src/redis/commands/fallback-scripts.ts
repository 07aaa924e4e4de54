/** Stand in for options of commands that older servers do not have. */
import { script } from './row-scripts.ts'

/** For SET with PXAT. KEYS[1]: a key. ARGV: its value, when it ends (epoch milliseconds), NX or XX if it is on a condition. */
export const SET_SCRIPT = script(`
if not redis.call('SET', KEYS[1], ARGV[1], unpack(ARGV, 3)) then return 0 end
redis.call('PEXPIREAT', KEYS[1], ARGV[2])
return 1
`)

/** For ZADD with NX, or XX and CH. KEYS[1]: a sorted set. ARGV: NX or XX, a score and its member. Gives 1 if it was changed, else 0. */
export const SORTED_SET_SCRIPT = script(`
local before = redis.call('ZSCORE', KEYS[1], ARGV[3])
if (before and ARGV[1] == 'NX') or (not before and ARGV[1] == 'XX') then return 0 end
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[3])
return redis.call('ZSCORE', KEYS[1], ARGV[3]) == before and 0 or 1
`)

/** For XADD with NOMKSTREAM. KEYS[1]: a Redis stream. ARGV: what else XADD takes. Gives 1 if it was added, else 0. */
export const STREAM_SCRIPT = script(`
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('XADD', KEYS[1], unpack(ARGV))
return 1
`)

export const OLDER_SCRIPTS = [SET_SCRIPT, SORTED_SET_SCRIPT, STREAM_SCRIPT]
