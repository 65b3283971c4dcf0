/** Redis runs a script as one command. Each has one key, so that they run in a cluster too. */

/**
 * A record is a hash; `e` and an owner: the epoch, `t` and an owner: the sealed text, `ended`: a back-channel logout has ended
 * it. @returns epoch, 1 if it has ended, sealed text; separated by spaces
 */
export const READ = `local r = redis.call('HMGET', KEYS[1], 'e' .. ARGV[1], 'ended', 't' .. ARGV[1])
return (r[1] or '0') .. ' ' .. (r[2] or '0') .. ' ' .. (r[3] or '')`

/** Compare and set. ARGV: owner, expected epoch, new epoch, sealed text or nothing, lifetime in milliseconds. */
export const REPLACE = `if (redis.call('HGET', KEYS[1], 'e' .. ARGV[1]) or '0') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'e' .. ARGV[1], ARGV[3])
if ARGV[4] == '' then redis.call('HDEL', KEYS[1], 't' .. ARGV[1]) else redis.call('HSET', KEYS[1], 't' .. ARGV[1], ARGV[4]) end
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return 1`

/** Ends a record: its epochs rise, its texts stay for the revocation of their tokens. */
export const END = `if redis.call('EXISTS', KEYS[1]) == 0 or redis.call('HGET', KEYS[1], 'ended') then return 0 end
for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
  if string.sub(field, 1, 1) == 'e' then redis.call('HINCRBY', KEYS[1], field, 1) end
end
redis.call('HSET', KEYS[1], 'ended', 1)
return 1`

/** @returns the sealed text of a record that has ended, once */
export const TAKE_ENDED = `if not redis.call('HGET', KEYS[1], 'ended') then return '' end
local text = redis.call('HGET', KEYS[1], 't' .. ARGV[1]) or ''
redis.call('HDEL', KEYS[1], 't' .. ARGV[1])
return text`

/** An index of records by the time of their end; the past ones are removed. ARGV: record, now, end of the record. */
export const INDEX = `redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[2])
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
local left = ARGV[3] - ARGV[2]
if redis.call('PTTL', KEYS[1]) < left then redis.call('PEXPIRE', KEYS[1], string.format('%d', left)) end
return 1`

/** Releases a lease if it is still the caller's. */
export const RELEASE = `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`
