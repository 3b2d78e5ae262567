-- name
--
-- Puts names into NAMES that are not there yet, of some blocks. Answers whether others still are not.

-- Of how many blocks, and of how many bytes, and one more.
local BLOCKS, BYTES = 64, 1048576

local state = load_state()
local ids, topics, places = {}, {}, {}
local bytes = 0
for _ = 1, BLOCKS do
  if #ids >= NAMED_AT_ONCE or bytes >= BYTES or state.unnamed == '' then break end
  local entry = oldest_entry(state.unnamed, tonumber(string.match(state.unnamed, '%d+$')))
  local block = entry and block_of(entry)
  if block then
    bytes = bytes + block.size
    parse_names(block.names, block.last - block.count + 1, ids, topics, places)
  end
  if not block or block.last >= state.head then state.unnamed = ''
  else state.unnamed = string.format('%s-%.0f', string.match(block.id, '^%d+'), block.last + 1) end
end
remember_names(ids, topics, places, read_in_parts('HMGET', NAMES, ids))
save('unnamed', state.unnamed)
return { 'named', state.unnamed == '' and 0 or 1 }
