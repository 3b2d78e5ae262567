-- The oldest block that is not past the bounds.

-- Whoever trims the stream by hand, or deletes it, leaves counts of what is not there. Nothing new would be held then.
local function forget_missing(state, from)
  from = math.max(from, state.first)
  local most = state.head - from + 1
  if state.count <= most then return end
  state.bytes = math.floor(state.bytes * most / state.count)
  state.first, state.count = from, most
end

-- The oldest block that is not past the bounds: the positions of its events, its epoch, its size and its time. Most
-- appends ask for it, and it may be long, so META has this: for a value of `oldest` and an epoch, between which and the
-- next the block stays the same.
local function oldest_block(state)
  local of = string.format('%s %.0f ', state.oldest, state.epoch)
  if string.sub(state.oldest_block, 1, #of) ~= of then
    local entry = oldest_entry(state.oldest, state.first)
    if not entry then
      forget_missing(state, state.head + 1)
      state.bytes = 0
      return nil
    end
    local block = block_of(entry)
    forget_missing(state, block.last - block.count + 1)
    state.oldest_block = string.format('%s%s %.0f %.0f %.0f', of, block.id, block.count, block.size, block.kept_at)
  end
  local epoch, last, count, size, kept_at =
    string.match(state.oldest_block, '^(%d+)%-(%d+) (%d+) (%d+) (%d+)$', #of + 1)
  last = tonumber(last)
  return last - count + 1, last, epoch, tonumber(size), tonumber(kept_at)
end
