-- What was set by a block that is cut. See lasting-keys.lua.

-- The position and the size of what a key has; nil if it has nothing.
local function value_of(key, is_end)
  local score = tonumber(redis.call('ZSCORE', is_end and ENDS or CURRENT, key))
  if not score then return nil end
  if is_end then return math.floor(score / 2), score % 2 end
  return score, tonumber(redis.call('HGET', SIZES, key))
end

local function set_value(state, key, is_end, position, size)
  if is_end then
    redis.call('ZADD', ENDS, string.format('%.0f', 2 * position + size), key)
    return
  end
  state.value_bytes = state.value_bytes - (redis.call('HGET', SIZES, key) or 0) + size
  redis.call('ZADD', CURRENT, string.format('%.0f', position), key)
  redis.call('HSET', SIZES, key, size)
end

-- Whether the event at this position sets the value still: it may have been erased.
local function is_set_at(key, position)
  local archived = redis.call('HGET', ARCHIVE, key)
  if archived and string.match(archived, '^%d+') == string.format('%.0f', position) then return true end
  local block = block_at(position)
  for text in string.gmatch(block and block.current or '', '%S+') do if text == key then return true end end
  return false
end

local function undo_current(state, block)
  local texts = {}
  for text in string.gmatch(block.current, '%S+') do texts[#texts + 1] = text end
  local i = 0
  for position, size in string.gmatch(block.previous, '(%d+):(%d+)') do
    i = i + 1
    local key, clears, is_end = parse_key(texts[i])
    local now = value_of(key, is_end)
    -- One that was dropped since does not come back.
    if clears and not now or now == block.last then
      position = tonumber(position)
      if position > 0 and position >= (is_end and state.ends_floor or state.floor)
        and (is_end or is_set_at(key, position)) then
        set_value(state, key, is_end, position, tonumber(size))
      else
        unset_value(state, key, is_end)
      end
    end
  end
end
