/** The scripts that have what was gathered under a staging key take the place of what is live, or join it. */
import { script } from './row-scripts.ts'

/**
 * KEYS: what was gathered, what is live, what is to become of that. ARGV: the kind that live may be, as TYPE answers;
 * milliseconds that the new live key has to live, 0 for ever. Gives 1, or 0 where nothing was gathered, or has taken
 * its place already. What was live keeps its content under its new name, as renaming over it would free it at once,
 * and hold up all clients if it is large.
 */
export const SWAP_SCRIPT = script(`
local staging, live, old = KEYS[1], KEYS[2], KEYS[3]
if redis.call('EXISTS', staging) == 0 then return 0 end
local kind = redis.call('TYPE', live).ok
if kind ~= 'none' then
  if kind ~= ARGV[1] then return redis.error_reply('WRONGTYPE of ' .. kind) end
  local gone = redis.pcall('UNLINK', old)
  if type(gone) == 'table' then redis.call('DEL', old) end
  redis.call('RENAME', live, old)
end
redis.call('RENAME', staging, live)
if ARGV[2] ~= '0' then redis.call('PEXPIRE', live, ARGV[2]) end
return 1
`)

/**
 * KEYS: what was gathered, what is live. ARGV: what they are (`list append`, `list prepend`, `set`, `zset`, `hash`,
 * `stream`), and how many items to move at most. Gives how many were moved: when none are left, 0. An item is never in
 * both places, nor in none, and none is doubled or lost where the script is refused a command; of two with the same
 * member or field, the gathered one stays.
 */
export const DRAIN_SCRIPT = script(`
-- Before Redis 5 a script that reads what has no order may not write otherwise; newer ones may not know it any more.
pcall(redis.replicate_commands)
-- Before Redis 3.2 it may not at all: what has no order is moved as a whole.
local isWhole = redis.replicate_commands == nil and redis.setresp == nil
local staging, live, what, most = KEYS[1], KEYS[2], ARGV[1], tonumber(ARGV[2])
local kind = redis.call('TYPE', live).ok
if kind ~= 'none' and kind ~= what:match('^%a+') then return redis.error_reply('WRONGTYPE of ' .. kind) end
-- Lua passes some 8,000 arguments at most.
local function call(command, key, items)
  for i = 1, #items, 4000 do redis.call(command, key, unpack(items, i, math.min(i + 3999, #items))) end
end
local function firsts(pairs)
  local items = {}
  for i = 1, #pairs, 2 do items[#items + 1] = pairs[i] end
  return items
end
if what == 'list append' or what == 'list prepend' then
  -- Trims nothing: a user who may not is told before anything is doubled.
  redis.call('LTRIM', staging, 0, -1)
  local isAppend = what == 'list append'
  local items = isAppend and redis.call('LRANGE', staging, 0, most - 1) or redis.call('LRANGE', staging, -most, -1)
  if #items == 0 then return 0 end
  if isAppend then
    call('RPUSH', live, items)
    redis.call('LTRIM', staging, #items, -1)
  else
    local oldest = {}
    for i = #items, 1, -1 do oldest[#oldest + 1] = items[i] end
    call('LPUSH', live, oldest)
    redis.call('LTRIM', staging, 0, -#items - 1)
  end
  return #items
elseif what == 'set' then
  local items = isWhole and redis.call('SMEMBERS', staging) or redis.call('SRANDMEMBER', staging, most)
  call('SADD', live, items)
  call('SREM', staging, items)
  return #items
elseif what == 'zset' then
  local items, scored = redis.call('ZRANGE', staging, 0, most - 1, 'WITHSCORES'), {}
  for i = 1, #items, 2 do
    scored[i] = items[i + 1]
    scored[i + 1] = items[i]
  end
  call('ZADD', live, scored)
  call('ZREM', staging, firsts(items))
  return #items / 2
elseif what == 'hash' then
  local size = redis.call('HLEN', staging)
  if size == 0 then return 0 end
  -- Begins anywhere: from the start, it would walk through all that has been emptied in each round.
  local cursor, found, turns = tonumber(redis.sha1hex(size):sub(1, 8), 16), {}, 0
  if isWhole then
    local all = redis.call('HGETALL', staging)
    call('HMSET', live, all)
    redis.call('DEL', staging)
    return #all / 2
  end
  repeat
    local reply = redis.call('HSCAN', staging, cursor, 'COUNT', most)
    cursor, found = reply[1], reply[2]
    if cursor == '0' then turns = turns + 1 end
  until #found > 0 or turns == 2
  -- A small hash is given as a whole.
  local items = {}
  for i = 1, math.min(#found, 2 * most) do items[i] = found[i] end
  call('HMSET', live, items)
  call('HDEL', staging, firsts(items))
  return #items / 2
else
  -- Removes nothing, as above.
  redis.call('XDEL', staging, '0-0')
  local entries = redis.call('XRANGE', staging, '-', '+', 'COUNT', most)
  -- One by one, as one that is too wide for Lua stops the script.
  for _, entry in ipairs(entries) do
    redis.call('XADD', live, '*', unpack(entry[2]))
    redis.call('XDEL', staging, entry[1])
  end
  -- An emptied stream stays as a key.
  if #entries < most then redis.call('DEL', staging) end
  return #entries
end
`)
