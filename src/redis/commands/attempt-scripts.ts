/**
 * Scripts that record what an attempt writes to lists and Redis streams, and take it back. They are sent as text (EVAL),
 * because a command of a transaction cannot be repeated alone if the server has lost its scripts.
 *
 * An attempt record is a hash with a field for each key that was written: its kind, the length that it must have as long
 * as no other client changes it (`x` once one has), and for each interval between two states what the attempt wrote:
 * of a list the number of its elements, of a Redis stream the last id before it.
 */
import { commandProbe, removalProbe, type CommandProbe, type ProbeKeys } from './command-probe.ts'
import { script } from './script.ts'

/**
 * `A`: a list whose elements are appended. `P`: a list whose elements are prepended. `S`: a Redis stream, whose length is
 * the number of entries that were ever added, where the server counts them (Redis 7.0).
 */
export type AttemptKind = 'A' | 'P' | 'S'

/** Defines `size`, which returns the length of a key, its last id, and whether the length falls when entries go. */
const SIZE = `pcall(redis.replicate_commands)
local function size(k,kind)
 if kind~='S' then return redis.pcall('LLEN',k),'0-0',true end
 local s=redis.pcall('XINFO','STREAM',k)
 if s.err then return s.err:find'no such key' and 0 or s,'0-0',false end
 local f={}
 for i=1,#s,2 do f[s[i]]=s[i+1] end
 return f['entries-added']or f.length,f['last-generated-id'],f['entries-added']==nil
end
local function text(n)return string.format('%.0f',n)end
`

/**
 * Goes before the commands of a transaction. KEYS: the attempt record, and the keys that the commands write. ARGV: the kind,
 * the maximum length (0: none), the number of intervals that are acknowledged, the interval, and for each key how many
 * items the commands add. It is kept short, as the server hashes the text each time.
 */
export const ATTEMPT_SCRIPT = `${SIZE}local kind,most,acked,at=ARGV[1],tonumber(ARGV[2]),tonumber(ARGV[3]),tonumber(ARGV[4])
for i=2,#KEYS do
 local k,n=KEYS[i],tonumber(ARGV[i+3])
 local len,id,falls=size(k,kind)
 if type(len)=='number' then
  local was=redis.call('HGET',KEYS[1],k)or''
  local expected=was:match'^%a (%w+)'
  local parts,own={},n
  for s,v in was:gmatch'(%d+):(%S+)' do
   if tonumber(s)==at then
    own,id=own+(tonumber(v)or 0),v
   elseif tonumber(s)>=acked then parts[#parts+1]=s..':'..v end
  end
  parts[#parts+1]=text(at)..':'..(kind=='S' and id or text(own))
  if expected and expected~=text(len) or (kind=='S' and falls and most>0) then expected='x'
  else
   local sum=len+n
   if kind~='S' and most>0 and sum>most then sum=most end
   expected=text(sum)
  end
  redis.call('HSET',KEYS[1],k,kind..' '..expected..' '..table.concat(parts,' '))
 end
end
return 1`

/**
 * Takes back what an attempt wrote to one key behind its last acknowledged state, if the key has the length that the
 * attempt's own writes give it. KEYS: the attempt record, the key. ARGV: the number of intervals that are acknowledged, and
 * how many entries of a Redis stream to remove at most. Returns how many items it has removed, and -1 where another client
 * has changed the key. As long as the record has a field for the key, there may be more. Repeated, it changes nothing.
 */
export const TAKE_BACK_SCRIPT = script(`${SIZE}
local record, key, acked, most = KEYS[1], KEYS[2], tonumber(ARGV[1]), tonumber(ARGV[2])
local was = redis.call('HGET', record, key)
if not was then return 0 end
local kind, expected = was:match('^(%a) (%w+)')
local count, first, behind = 0, nil, {}
for s, v in was:gmatch('(%d+):(%S+)') do
  if tonumber(s) >= acked then
    behind[#behind + 1] = s .. ':' .. v
    if kind == 'S' then first = first or v else count = count + tonumber(v) end
  end
end
local function forget(reply)
  redis.call('HDEL', record, key)
  return reply
end
if #behind == 0 then return forget(0) end
local length, _, falls = size(key, kind)
if type(length) ~= 'number' or text(length) ~= expected then return forget(-1) end
if kind ~= 'S' then
  if count >= length then redis.call('LTRIM', key, 1, 0)
  elseif kind == 'A' then redis.call('LTRIM', key, 0, -count - 1)
  else redis.call('LTRIM', key, count, -1) end
  return forget(math.min(count, length))
end
local time, number = first:match('(%d+)-(%d+)')
local entries = redis.call('XRANGE', key, time .. '-' .. text(tonumber(number) + 1), '+', 'COUNT', most)
for _, entry in ipairs(entries) do redis.call('XDEL', key, entry[1]) end
if #entries == most then
  if falls then expected = text(length - #entries) end
  redis.call('HSET', record, key, kind .. ' ' .. expected .. ' ' .. table.concat(behind, ' '))
  return most
end
-- An empty Redis stream that was not there before, and that nobody reads in a group.
if first == '0-0' and redis.call('XLEN', key) == 0 and #redis.call('XINFO', 'GROUPS', key) == 0 then
  redis.call('DEL', key)
end
return forget(#entries)
`)

/** Returns the probes of both scripts, and of the commands in them that not every sync needs. */
export function attemptProbes({ key, other }: ProbeKeys, kind: AttemptKind): CommandProbe[] {
  return [
    commandProbe('HSCAN', [key, '0', 'COUNT', '10'], /^0/),
    ...(kind === 'S'
      ? [
          commandProbe('XADD', [key, '*', 'probe', 'written'], /^\d+-\d+$/),
          commandProbe('XLEN', [key], '1'),
          commandProbe('XINFO', ['STREAM', key], /length/, 'XINFO STREAM'),
          commandProbe('XINFO', ['GROUPS', key], '', 'XINFO GROUPS'),
          removalProbe(key),
        ]
      : [commandProbe('LLEN', [key], '0')]),
    commandProbe('EVAL', [ATTEMPT_SCRIPT, '2', other, key, kind, '0', '0', '0', '1'], '1'),
    commandProbe('EVAL', [TAKE_BACK_SCRIPT.text, '2', other, key, '0', '1'], '-1'),
  ]
}
