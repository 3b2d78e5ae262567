-- The blocks of a unit are put into the log.

-- Keeps the blocks of a unit. Of each, `blocks` has COUNT SIZE NAMES CURRENT TEXT, as texts. Returns how many current
-- values and ends it sets.
local function keep(state, blocks, word, kept_at, node, seq, unit_first, unit_last)
  local unit
  local epoch = string.format('%.0f-', state.epoch)
  for i = 1, #blocks, 5 do
    local count, size, names, current, text = unpack(blocks, i, i + 4)
    local position = take_place(state, count, size)
    local id = epoch .. position
    -- Numbers are given as texts: Redis takes long to make those of numbers.
    if current == '' then
      redis.call('XADD', LOG, id, 'c', count, 'z', size, 'i', names, 'b', text, 'w', word, 't', kept_at, 'n', node,
        's', seq, 'f', unit_first, 'l', unit_last)
    else
      unit = unit or read_values(blocks)
      redis.call('XADD', LOG, id, 'c', count, 'z', size, 'i', names, 'b', text, 'w', word, 't', kept_at, 'n', node,
        's', seq, 'f', unit_first, 'l', unit_last, 'r', current, 'p', set_current(state, unit, current, position, size))
    end
  end
  if not unit then return 0 end
  write_values(unit)
  return unit.count
end
