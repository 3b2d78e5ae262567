-- What a unit sets: current values, and ends of topics.

-- What a unit sets: all that its keys have is read at once, and written at once after its blocks. By each `current` of
-- its blocks, `texts` has what it sets; `values` and `ends` have a record of each key. Places and sizes are texts.
local function read_values(blocks)
  local unit = { texts = {}, count = 0, values = {}, ends = {} }
  local records, value_keys, end_keys = {}, {}, {}
  for i = 4, #blocks, 5 do
    local current = blocks[i]
    if current ~= '' and not unit.texts[current] then
      local sets = {}
      for text in string.gmatch(current, '%S+') do
        local key, clears, is_end, flag = parse_key(text)
        local record = records[key]
        if not record then
          record = { key = key, is_end = is_end }
          records[key] = record
          local of, keys = is_end and unit.ends or unit.values, is_end and end_keys or value_keys
          of[#of + 1], keys[#keys + 1] = record, key
        end
        sets[#sets + 1] = { record = record, clears = clears, flag = flag }
      end
      unit.texts[current] = sets
    end
    if current ~= '' then unit.count = unit.count + #unit.texts[current] end
  end
  local sizes = read_in_parts('HMGET', SIZES, value_keys)
  -- As text, a position has no point and no exponent.
  for i, position in ipairs(read_in_parts('ZMSCORE', CURRENT, value_keys)) do
    if position then unit.values[i].place, unit.values[i].size = position, sizes[i] or '0' end
  end
  for i, score in ipairs(read_in_parts('ZMSCORE', ENDS, end_keys)) do
    if score then
      unit.ends[i].place, unit.ends[i].size = string.format('%.0f', math.floor(score / 2)), score % 2
    end
  end
  return unit
end

-- Notes what a block sets. Returns what that replaces. Position and size are texts.
local function set_current(state, unit, current, position, size)
  local previous = {}
  for i, set in ipairs(unit.texts[current]) do
    local record = set.record
    local before = record.place
    previous[i] = before and before .. ':' .. record.size or '0:0'
    if not record.is_end then
      state.value_bytes = state.value_bytes - (before and record.size or 0) + (set.clears and 0 or size)
    end
    record.place = not set.clears and position or nil
    record.size = record.is_end and set.flag or size
  end
  return table.concat(previous, ' ')
end

local function write_values(unit)
  local scores, sizes, gone = {}, {}, {}
  for _, record in ipairs(unit.values) do
    local key = record.key
    if record.place then
      scores[#scores + 1], scores[#scores + 2] = record.place, key
      sizes[#sizes + 1], sizes[#sizes + 2] = key, record.size
    else
      gone[#gone + 1] = key
    end
  end
  call_in_parts('ZADD', CURRENT, scores)
  call_in_parts('HSET', SIZES, sizes)
  call_in_parts('ZREM', CURRENT, gone)
  call_in_parts('HDEL', SIZES, gone)
  scores, gone = {}, {}
  for _, record in ipairs(unit.ends) do
    if record.place then
      scores[#scores + 1], scores[#scores + 2] = string.format('%.0f', 2 * record.place + record.size), record.key
    else
      gone[#gone + 1] = record.key
    end
  end
  call_in_parts('ZADD', ENDS, scores)
  call_in_parts('ZREM', ENDS, gone)
end
