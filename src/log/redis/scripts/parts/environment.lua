-- What the engine asks Redis about itself. Tests put their own in its place.

-- The time of this server, in milliseconds. A node's clock is never asked.
local function clock()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- It changes when a replica is promoted or a server restarts, that is when events may be lost.
local function replication_id()
  return string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')
end

-- How many names one call puts into NAMES, roughly.
local NAMED_AT_ONCE = 1000
