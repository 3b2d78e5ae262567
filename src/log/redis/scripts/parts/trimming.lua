-- What is past the bounds.

-- How many blocks one call trims at most; of how many bytes and with how many names, and one more.
local TRIMMED, TRIMMED_BYTES, FORGOTTEN = 64, 1048576, 1000

local function bounds_from(i)
  return {
    events = tonumber(ARGV[i]),
    bytes = tonumber(ARGV[i + 1]),
    age = tonumber(ARGV[i + 2]),
    spare = tonumber(ARGV[i + 3]),
    values = tonumber(ARGV[i + 4]),
    value_bytes = tonumber(ARGV[i + 5]),
    ends = tonumber(ARGV[i + 6]),
  }
end

-- The block is about to leave the log.
local function archive(state, block)
  for text in string.gmatch(block.current, '%S+') do
    local key, clears, is_end = parse_key(text)
    if is_end then -- Nothing to keep.
    elseif clears or block.last < state.floor then redis.call('HDEL', ARCHIVE, key)
    else
      redis.call('HSET', ARCHIVE, key,
        string.format('%.0f %.0f %s %.0f %s', block.last, block.size, block.word, block.kept_at, block.text))
    end
  end
end

-- Lets go of what is past the bounds: blocks as a whole, and events of the oldest block by `first`. The
-- newest of that stay in Redis for a while, or a node that is about to follow them would miss them.
-- Returns whether more than the places has changed.
local function trim(state, bounds)
  local max_events, max_bytes, max_age, max_spare = bounds.events, bounds.bytes, bounds.age, bounds.spare
  local known, passed = state.oldest_block, 0
  for _ = 1, TRIMMED do
    local excess = state.count - max_events
    if excess <= 0 and state.bytes <= max_bytes and not max_age then break end
    local from, last, epoch, size, kept_at = oldest_block(state)
    if not from then break end
    excess = state.count - max_events
    local too_old = max_age and state.time - kept_at > max_age
    if excess <= 0 and state.bytes <= max_bytes and not too_old then break end
    from = math.max(state.first, from)
    local here = last - from + 1
    if state.bytes <= max_bytes and not too_old and excess < here then
      state.first = from + excess
      state.count = state.count - excess
      break
    end
    state.count = state.count - here
    state.bytes = math.max(0, state.bytes - size)
    state.spare = state.spare + size
    state.first = last + 1
    state.oldest = string.format('%s-%.0f', epoch, last + 1)
    passed = passed + size
    if passed >= TRIMMED_BYTES then break end
  end
  local cut, cut_to
  local bytes, names = 0, 0
  for _ = 1, TRIMMED do
    if bytes >= TRIMMED_BYTES or names >= FORGOTTEN then break end
    if state.spare <= 0 or (state.spare <= max_spare and not max_age) then break end
    local entry = oldest_entry(cut or '-', cut_to and cut_to + 1 or 0)
    local block = entry and block_of(entry)
    -- What was to go has gone already.
    if not block or block.last >= state.first then
      state.spare = 0
      break
    end
    if state.spare <= max_spare and state.time - block.kept_at <= max_age then break end
    state.spare = state.spare - block.size
    bytes, names = bytes + block.size, names + forget_names(block)
    if block.current then archive(state, block) end
    cut, cut_to = string.format('%s-%.0f', string.match(block.id, '^%d+'), block.last + 1), block.last
  end
  if cut then redis.call('XTRIM', LOG, 'MINID', cut) end
  if cut and has_moved() then redis.call('ZREMRANGEBYSCORE', MOVED, '-inf', string.format('%.0f', cut_to)) end
  return state.oldest_block ~= known or passed > 0 or cut ~= nil
end

-- What a call leaves to others: to put names into NAMES, or to let go of what is still past the bounds.
local function left(state, bounds)
  if state.unnamed ~= '' then return 'names' end
  local is_over = state.count > bounds.events or state.bytes > bounds.bytes or state.spare > bounds.spare
    or redis.call('ZCARD', CURRENT) > bounds.values or state.value_bytes > bounds.value_bytes
    or redis.call('ZCARD', ENDS) > bounds.ends
  return is_over and 'bounds' or ''
end
