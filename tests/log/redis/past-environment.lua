-- As environment.lua, but so many milliseconds ago.
local function clock()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000) - tonumber(redis.call('GET', 'test:age'))
end
local function replication_id()
  return string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')
end
local NAMED_AT_ONCE = 1000
