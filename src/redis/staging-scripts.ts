/** The scripts that have what was gathered under a staging key take the place of what is live, or join it. */
import { script } from './scripts.ts'

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
  redis.call('UNLINK', old)
  redis.call('RENAME', live, old)
end
redis.call('RENAME', staging, live)
if ARGV[2] ~= '0' then redis.call('PEXPIRE', live, ARGV[2]) end
return 1
`)

/**
 * KEYS: what was gathered, what is live. ARGV: what they are (\`list append\`, \`list prepend\`, \`set\`, \`zset\`, \`hash\`,
 * \`stream\`), and how many items to move at most. Gives how many were moved: when none are left, 0. An item is never in
 * both places, nor in none; of two with the same member or field, the gathered one stays.
 */
export const DRAIN_SCRIPT = script(`
-- Before Redis 5 a script that reads what has no order may not write otherwise.
redis.replicate_commands()
local staging, live, what, most = KEYS[1], KEYS[2], ARGV[1], tonumber(ARGV[2])
local kind = redis.call('TYPE', live).ok
if kind ~= 'none' and kind ~= what:match('^%a+') then return redis.error_reply('WRONGTYPE of ' .. kind) end
if what == 'list append' then
  local items = redis.call('LRANGE', staging, 0, most - 1)
  if #items == 0 then return 0 end
  redis.call('RPUSH', live, unpack(items))
  redis.call('LTRIM', staging, #items, -1)
  return #items
elseif what == 'list prepend' then
  local items, oldest = redis.call('LRANGE', staging, -most, -1), {}
  if #items == 0 then return 0 end
  for i = #items, 1, -1 do oldest[#oldest + 1] = items[i] end
  redis.call('LPUSH', live, unpack(oldest))
  redis.call('LTRIM', staging, 0, -#items - 1)
  return #items
elseif what == 'set' then
  local items = redis.call('SRANDMEMBER', staging, most)
  if #items == 0 then return 0 end
  redis.call('SADD', live, unpack(items))
  redis.call('SREM', staging, unpack(items))
  return #items
elseif what == 'zset' then
  local items, members = redis.call('ZRANGE', staging, 0, most - 1, 'WITHSCORES'), {}
  if #items == 0 then return 0 end
  local scored = {}
  for i = 1, #items, 2 do
    members[#members + 1] = items[i]
    scored[#scored + 1] = items[i + 1]
    scored[#scored + 1] = items[i]
  end
  redis.call('ZADD', live, unpack(scored))
  redis.call('ZREM', staging, unpack(members))
  return #members
elseif what == 'hash' then
  local cursor, items, fields = '0', {}, {}
  repeat
    local reply = redis.call('HSCAN', staging, cursor, 'COUNT', most)
    cursor, items = reply[1], reply[2]
  until #items > 0 or cursor == '0'
  if #items == 0 then return 0 end
  for i = 1, #items, 4000 do redis.call('HMSET', live, unpack(items, i, math.min(i + 3999, #items))) end
  for i = 1, #items, 2 do fields[#fields + 1] = items[i] end
  for i = 1, #fields, 4000 do redis.call('HDEL', staging, unpack(fields, i, math.min(i + 3999, #fields))) end
  return #fields
else
  local entries = redis.call('XRANGE', staging, '-', '+', 'COUNT', most)
  if #entries == 0 then
    redis.call('DEL', staging)
    return 0
  end
  local ids = {}
  for i, entry in ipairs(entries) do
    redis.call('XADD', live, '*', unpack(entry[2]))
    ids[i] = entry[1]
  end
  redis.call('XDEL', staging, unpack(ids))
  return #ids
end
`)
