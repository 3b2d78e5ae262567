-- Current values and ends past their bounds.

-- How many current values, and how many ends, one call drops at most, besides as many as it sets, but for so many.
local DROPPED, DROPPED_WITH = 64, 64

-- Past their bounds the oldest values go, all of an event at once.
local function drop_values(state, max_values, max_bytes, most)
  local count = redis.call('ZCARD', CURRENT)
  while most > 0 and (count > max_values or state.value_bytes > max_bytes) do
    local oldest = redis.call('ZRANGE', CURRENT, 0, 0, 'WITHSCORES')[2]
    if not oldest then
      state.value_bytes = 0
      break
    end
    local gone = unset_values_at(state, tonumber(oldest))
    count, most, state.dropped = count - gone, most - gone, state.dropped + gone
    state.floor = tonumber(oldest) + 1
  end
end

-- Past their bound those topics are open again that ended first, all of an event at once.
local function drop_ends(state, max_ends, most)
  local count = redis.call('ZCARD', ENDS)
  while most > 0 and count > max_ends do
    local position = math.floor(redis.call('ZRANGE', ENDS, 0, 0, 'WITHSCORES')[2] / 2)
    local gone =
      redis.call('ZREMRANGEBYSCORE', ENDS, string.format('%.0f', 2 * position), string.format('%.0f', 2 * position + 1))
    count, most, state.ends_dropped = count - gone, most - gone, state.ends_dropped + gone
    state.ends_floor = position + 1
  end
end

local function drop(state, bounds, most)
  drop_values(state, bounds.values, bounds.value_bytes, most)
  drop_ends(state, bounds.ends, most)
end
