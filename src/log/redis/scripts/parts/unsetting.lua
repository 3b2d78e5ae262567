-- What is current or has ended, and is no more.

local function unset_value(state, key, is_end)
  if is_end then
    redis.call('ZREM', ENDS, key)
    return
  end
  if redis.call('ZREM', CURRENT, key) == 0 then return end
  state.value_bytes = state.value_bytes - (redis.call('HGET', SIZES, key) or 0)
  redis.call('HDEL', SIZES, key)
end

-- The event at this position is nowhere current any more. Returns on how many keys it was.
local function unset_values_at(state, position)
  local text = string.format('%.0f', position)
  local keys = redis.call('ZRANGEBYSCORE', CURRENT, text, text)
  for _, key in ipairs(keys) do
    unset_value(state, key, false)
    local archived = redis.call('HGET', ARCHIVE, key)
    if archived and string.match(archived, '^%d+') == text then redis.call('HDEL', ARCHIVE, key) end
  end
  return #keys
end
