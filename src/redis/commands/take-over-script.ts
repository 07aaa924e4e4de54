/**
 * Writes members to a key that a former generation of the stream has written, maybe with another type. KEYS[1]: the key.
 * ARGV: its new Redis type, the command, and its arguments after the key. Returns the reply to the command. A key that has
 * the new type already keeps its members, so that the script may run again. It is sent as text (EVAL), because a command
 * of a transaction cannot be repeated alone if the server has lost its scripts.
 */
export const TAKE_OVER_SCRIPT = `
local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'none' and kind ~= ARGV[1] then redis.call('DEL', KEYS[1]) end
return redis.call(ARGV[2], KEYS[1], unpack(ARGV, 3))
`
