/**
 * The scripts for what no command does in one step. Each is sent by its hash; the server is given its text when a
 * connection is opened.
 */
import { createHash } from 'node:crypto'

export interface Script {
  text: string
  sha: string
}

/**
 * KEYS[1]: a hash. ARGV: `replace` or `merge`, and `always`, `if_exists` or `if_absent`; when it ends: `keep` (as it
 * was, if it is merged), `never`, `after <milliseconds>`, `at <epoch milliseconds>`; then its fields. Gives 1 if it was written, else 0.
 * HLEN refuses a key of another kind, which must not be replaced. Lua passes some 8,000 arguments at most.
 */
export const HASH_SCRIPT = script(`
local key, how, ending = KEYS[1], ARGV[1], ARGV[2]
-- Before Redis 5 replicas and the log are else given the script, and count its milliseconds from when they run it.
if ending:find('^after') then pcall(redis.replicate_commands) end
local exists = redis.call('HLEN', key) > 0
if (exists and how:find('if_absent')) or (not exists and how:find('if_exists')) then return 0 end
if exists and how:find('replace') then redis.call('DEL', key) end
for i = 3, #ARGV, 4000 do
  redis.call('HMSET', key, unpack(ARGV, i, math.min(i + 3999, #ARGV)))
end
local kind, time = ending:match('^(%a+) ?(%d*)$')
if kind == 'after' then redis.call('PEXPIRE', key, time)
elseif kind == 'at' then redis.call('PEXPIREAT', key, time)
elseif kind == 'never' then redis.call('PERSIST', key) end
return 1
`)

/** KEYS[1]: a hash. ARGV: a field and its new value. Writes it where there is one: gives 1, else 0. */
export const FIELD_SCRIPT = script(`
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1
`)

export function script(text: string): Script {
  return { text, sha: createHash('sha1').update(text).digest('hex') }
}
