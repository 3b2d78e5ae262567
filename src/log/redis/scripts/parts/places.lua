-- Which block has the event at a position.

local known_epochs
local function epoch_at(position)
  if not known_epochs then
    known_epochs = {}
    for number, after in string.gmatch(redis.call('HGET', META, 'epochs') or '', '(%d+) (%d+)') do
      known_epochs[#known_epochs + 1] = { number = number, after = tonumber(after) }
    end
  end
  local epoch = '0'
  for _, each in ipairs(known_epochs) do if each.after < position then epoch = each.number end end
  return epoch
end

-- The block with the event at a position, if it is held.
local function block_at(position)
  local entry = oldest_entry(string.format('%s-%.0f', epoch_at(position), position), position)
  local block = entry and block_of(entry)
  if block and block.last - block.count < position and position <= block.last then return block, entry end
end
