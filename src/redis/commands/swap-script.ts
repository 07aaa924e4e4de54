/** The script that swaps a staging key in for the live key. */
import { script } from './script.ts'

/**
 * KEYS: the staging key, the live key, and a name for what was live. ARGV: the types that the live key may have, as TYPE
 * returns them, with spaces between them; the time to live of the new live key in milliseconds, 0 for none. Returns 1, or 0 if there is no staging
 * key: nothing was written to it, or it was swapped in before. The former live key is renamed, because renaming over it
 * would free it at once, and block all clients if it is large.
 */
export const SWAP_SCRIPT = script(`
local staging, live, old = KEYS[1], KEYS[2], KEYS[3]
if redis.call('EXISTS', staging) == 0 then return 0 end
local kind = redis.call('TYPE', live).ok
if kind ~= 'none' then
  if not (' ' .. ARGV[1] .. ' '):find(' ' .. kind .. ' ', 1, true) then return redis.error_reply('WRONGTYPE of ' .. kind) end
  local gone = redis.pcall('UNLINK', old)
  if type(gone) == 'table' then redis.call('DEL', old) end
  redis.call('RENAME', live, old)
end
redis.call('RENAME', staging, live)
if ARGV[2] ~= '0' then redis.call('PEXPIRE', live, ARGV[2]) end
return 1
`)
