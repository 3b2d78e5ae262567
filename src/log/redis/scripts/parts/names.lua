-- Where the event of each name is. A name has an id, and the topics of its event.

-- Adds the ids of these names, the topics and the place of each: its index, counted from the first position.
local function parse_names(names, from, ids, topics, places)
  local n = #ids
  for id, set, index in string.gmatch(names, '([^ .:]+)%.?([^ :]*):(%d+)') do
    n = n + 1
    ids[n], topics[n], places[n] = id, set, from + index
  end
end

-- The ids of the names of a unit that begins at this position, the topics and the place of each, and what NAMES has for
-- the ids.
local function look_up_names(blocks, from)
  local ids, topics, places = {}, {}, {}
  for i = 1, #blocks, 5 do
    parse_names(blocks[i + 2], from, ids, topics, places)
    from = from + blocks[i]
  end
  return ids, topics, places, read_in_parts('HMGET', NAMES, ids)
end

-- One that is there already is left as it is. `known` is what NAMES has for the ids.
local function remember_names(ids, topics, places, known)
  local fields, place_of = {}, {}
  for i, id in ipairs(ids) do
    local pair = topics[i] .. ':' .. places[i]
    local place = place_of[id]
    local others = place and fields[place] or known[i]
    if not place then
      place = #fields + 2
      fields[place - 1], place_of[id] = id, place
    end
    if not others then fields[place] = pair
    elseif string.find(' ' .. others .. ' ', ' ' .. pair .. ' ', 1, true) then fields[place] = others
    else fields[place] = others .. ' ' .. pair end
  end
  call_in_parts('HSET', NAMES, fields)
end

-- Puts the names of a unit into NAMES that begins at this position: so many at most, and those of one block more. The
-- rest waits for name.lua.
local function name_unit(state, blocks, from, most)
  local ids, topics, places = {}, {}, {}
  for i = 1, #blocks, 5 do
    local count, names = blocks[i], blocks[i + 2]
    if names ~= '' and state.unnamed == '' then
      if #ids < most then parse_names(names, from, ids, topics, places)
      else state.unnamed = string.format('%.0f-%.0f', state.epoch, from) end
    end
    from = from + count
  end
  remember_names(ids, topics, places, read_in_parts('HMGET', NAMES, ids))
end

-- Returns how many names it has.
local function forget_names(block)
  local ids, topics, places = {}, {}, {}
  parse_names(block.names, block.last - block.count + 1, ids, topics, places)
  local known = read_in_parts('HMGET', NAMES, ids)
  local left, gone = {}, {}
  for i, id in ipairs(ids) do
    local mine = topics[i] .. ':' .. places[i]
    local before = left[id] or known[i]
    if before == mine or not before then
      left[id] = nil
      gone[#gone + 1] = id
    else
      local others = {}
      for pair in string.gmatch(before, '%S+') do if pair ~= mine then others[#others + 1] = pair end end
      left[id] = table.concat(others, ' ')
    end
  end
  if #gone > 0 then redis.call('HDEL', NAMES, unpack(gone)) end
  for id, others in pairs(left) do redis.call('HSET', NAMES, id, others) end
  return #ids
end
