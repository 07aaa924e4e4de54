/** Scripts that move the items of a staging key into the live key, some at a time. */
import { script, type Script } from './script.ts'

/** Before the body of every structure. The variables are `staging`, `live`, `most` and `isWhole`. */
const PRELUDE = `
-- Before Redis 5 a script that reads items in no order may write only after this call; newer servers may lack it.
pcall(redis.replicate_commands)
-- Before Redis 3.2 it may not write at all: unordered items are moved as a whole.
local isWhole = redis.replicate_commands == nil and redis.setresp == nil
local staging, live, most = KEYS[1], KEYS[2], tonumber(ARGV[1])
-- Lua passes some 8,000 arguments at most.
local function call(command, key, items)
  for i = 1, #items, 4000 do redis.call(command, key, unpack(items, i, math.min(i + 3999, #items))) end
end
local function firsts(pairs)
  local items = {}
  for i = 1, #pairs, 2 do items[#items + 1] = pairs[i] end
  return items
end
`

/** Behind the body: the live key has the time to live from the first of its items on, also if the run dies then. */
const LIFETIME = `
local moved = move()
if moved > 0 and ARGV[2] == 'never' then redis.call('PERSIST', live)
elseif moved > 0 and ARGV[2] ~= 'keep' then redis.call('PEXPIRE', live, ARGV[2]) end
return moved
`

/**
 * Returns the script for keys of one type, as TYPE returns it. KEYS: the staging key, the live key. ARGV: how many
 * items to move at most; the time to live of a key that gets items: `keep`, `never` or milliseconds. The body returns
 * how many items it moved, 0 when none are left. It must leave each item in exactly one of the two keys, also when a
 * command in it is refused. Of two items with the same member or field, the one of the staging key is kept.
 */
export function drainScript(type: string, body: string): Script {
  const requireType = `
local kind = redis.call('TYPE', live).ok
if kind ~= 'none' and kind ~= '${type}' then return redis.error_reply('WRONGTYPE of ' .. kind) end
`
  return script(`${PRELUDE}${requireType}local function move()${body}end
${LIFETIME}`)
}
