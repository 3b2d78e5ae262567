-- The data of an event is erased.
--
-- Nothing in a stream can be changed. So a block leaves it when one of its events is erased, and lies in MOVED without
-- that event's data. What is deleted from a stream is only marked: its bytes go with the last entry of their node of
-- the stream. So its neighbours there leave the stream, too.

-- How many neighbours of a block leave the stream with it: so many on each side at a time, so often at most. A text
-- that is longer than LONG has no neighbours.
local NEIGHBOURS, MOVES, LONG = 4, 64, 4096

-- What a block erases: "xWORD-POSITION" in the place of the keys that it sets. Nil when it erases nothing.
local function parse_erasure(current)
  local word, position = string.match(current, '^x(%S+)%-(%d+)$')
  return word, tonumber(position)
end

-- The block with the event that is erased, and whether it is as whoever rewrote it has read it: OF is the digest of
-- its text, or empty for no block.
local function find_erased(current, of)
  local word, position = parse_erasure(current)
  local block, entry = block_at(position)
  if not block or block.word ~= word then return nil, of == '' end
  return entry, redis.sha1hex(block.text) == of
end

local function count_nodes()
  local about = redis.call('XINFO', 'STREAM', LOG)
  for i = 1, #about, 2 do if about[i] == 'radix-tree-keys' then return about[i + 1] end end
end

local function move(entry)
  if entry.is_moved then redis.call('ZREMRANGEBYSCORE', MOVED, position_of(entry), position_of(entry))
  else redis.call('XDEL', LOG, entry[1]) end
  redis.call('ZADD', MOVED, position_of(entry), cjson.encode({ entry[1], unpack(entry[2]) }))
  some_moved = true
end

local function move_with_neighbours(entry)
  local before = count_nodes()
  move(entry)
  local sides = { { 'XREVRANGE', '-', at = entry[1] }, { 'XRANGE', '+', at = entry[1] } }
  for _ = 1, MOVES do
    if count_nodes() ~= before or #sides == 0 then return end
    for i = #sides, 1, -1 do
      local side = sides[i]
      local found = redis.call(side[1], LOG, '(' .. side.at, side[2], 'COUNT', NEIGHBOURS)
      local is_end = #found < NEIGHBOURS
      for _, each in ipairs(found) do
        if #block_of(each).text > LONG then
          is_end = true
          break
        end
        move(each)
        side.at = each[1]
      end
      if is_end then table.remove(sides, i) end
    end
  end
end

local function rewrite(entry, current, text)
  if not entry or block_of(entry).text == text then return end
  local fields = entry[2]
  for i = 1, #fields, 2 do
    if fields[i] == 'b' then fields[i + 1] = text
    elseif fields[i] == 'r' then fields[i + 1] = current end
  end
  if entry.is_moved then move(entry) else move_with_neighbours(entry) end
end

-- Keeps the block that erases an event, which is a unit of its own. `block` has COUNT SIZE NAMES CURRENT TEXT, as texts.
local function keep_erasure(state, block, word, kept_at, node, seq, unit_first, unit_last)
  local count, size, names, current, text = unpack(block)
  local _, erased = parse_erasure(current)
  unset_values_at(state, erased)
  local id = string.format('%.0f-', state.epoch) .. take_place(state, count, size)
  -- A node that does not know the field `x` reads no further: it would go on with what is erased.
  redis.call('XADD', LOG, id, 'c', count, 'z', size, 'i', names, 'b', text, 'w', word, 't', kept_at, 'n', node,
    's', seq, 'f', unit_first, 'l', unit_last, 'x', string.sub(current, 2))
end
