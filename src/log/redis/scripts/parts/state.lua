-- The state: what META has, as numbers where they are numbers. This is part of every call, so the fields are written out.

local function load_state()
  local values = redis.call('HMGET', META, 'head', 'first', 'count', 'bytes', 'time', 'epoch', 'spare', 'value_bytes',
    'floor', 'dropped', 'ends_floor', 'ends_dropped', 'replid', 'word', 'phase', 'oldest', 'unnamed', 'oldest_block')
  return {
    head = tonumber(values[1] or 0),
    first = tonumber(values[2] or 1),
    count = tonumber(values[3] or 0),
    bytes = tonumber(values[4] or 0),
    time = tonumber(values[5] or 0),
    epoch = tonumber(values[6] or 0),
    spare = tonumber(values[7] or 0),
    value_bytes = tonumber(values[8] or 0),
    floor = tonumber(values[9] or 0),
    dropped = tonumber(values[10] or 0),
    ends_floor = tonumber(values[11] or 0),
    ends_dropped = tonumber(values[12] or 0),
    replid = values[13],
    word = values[14],
    phase = values[15],
    -- The id of the oldest block that is not past the bounds, or of the next one.
    oldest = values[16] or '0-0',
    -- From the block with this id on, names may not be in NAMES yet; empty when all are.
    unnamed = values[17] or '',
    -- What is to be known of the oldest block, to trim it. See oldest-block.lua.
    oldest_block = values[18] or '',
  }
end

local function save(...) redis.call('HSET', META, ...) end

-- What every append changes, and the fields that are given.
local function save_places(state, ...)
  save('head', state.head, 'first', state.first, 'count', state.count, 'bytes', state.bytes, 'time', state.time, ...)
end

-- And what an append of few events changes in a log that is full.
local function save_trimmed(state, ...)
  save_places(state, 'spare', state.spare, 'oldest', state.oldest, 'oldest_block', state.oldest_block, ...)
end

local function save_counts(state)
  save_trimmed(state, 'unnamed', state.unnamed, 'value_bytes', state.value_bytes, 'floor', state.floor,
    'dropped', state.dropped, 'ends_floor', state.ends_floor, 'ends_dropped', state.ends_dropped)
end

-- A block takes the next place. Returns its position, as text.
local function take_place(state, count, size)
  if state.count == 0 then state.first = state.head + 1 end
  state.head = state.head + count
  state.count = state.count + count
  state.bytes = state.bytes + size
  return string.format('%.0f', state.head)
end
