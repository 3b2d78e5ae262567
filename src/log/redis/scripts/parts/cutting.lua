-- The end of the log is cut. A stream's ids can only grow, so a new epoch begins where it was.

local function newest_entry()
  local entry = redis.call('XREVRANGE', LOG, '+', '-', 'COUNT', 1)[1]
  local moved = moved_entry('ZREVRANGEBYSCORE', MOVED, '+inf', '-inf', 'LIMIT', 0, 1)
  return moved and (not entry or position_of(moved) > position_of(entry)) and moved or entry
end

local function cut(state, to)
  while true do
    local entry = newest_entry()
    if not entry then break end
    local block = block_of(entry)
    if block.last <= to then break end
    if block.is_moved then redis.call('ZREMRANGEBYSCORE', MOVED, block.last, block.last)
    else redis.call('XDEL', LOG, entry[1]) end
    if block.last < state.first then
      state.spare = state.spare - block.size
    else
      local from = math.max(block.last - block.count + 1, state.first)
      state.count = state.count - (block.last - from + 1)
      state.bytes = state.bytes - block.size
    end
    forget_names(block)
    if block.current then undo_current(state, block) end
    local seq, _, lease = seq_of(block.node)
    -- Or the publisher's next try would be told that it is there.
    if seq and seq >= block.seq then set_seq(block.node, block.seq - 1, 0, lease) end
  end
  state.head = to
  state.first = math.min(state.first, to + 1)
  state.floor = math.min(state.floor, to + 1)
  state.ends_floor = math.min(state.ends_floor, to + 1)
end

local function begin_epoch(state)
  local number = math.max(state.epoch + 1, state.now)
  local kept = {}
  for each, after in string.gmatch(redis.call('HGET', META, 'epochs') or '', '(%d+) (%d+)') do
    if tonumber(after) < state.head then kept[#kept + 1] = each .. ' ' .. after end
  end
  kept[#kept + 1] = string.format('%.0f %.0f', number, state.head)
  state.epoch = number
  known_epochs = nil
  save('epoch', number, 'epochs', table.concat(kept, ';', math.max(1, #kept - REMEMBERED + 1)))
end
