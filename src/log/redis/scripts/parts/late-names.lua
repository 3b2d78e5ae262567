-- Ids that were looked up before the append, and may have come since.

-- Through how many ids an append looks that have come since those of its batch were looked up. A block takes as long as
-- some ids.
local LOOKED_THROUGH, LOOKED_THROUGH_WITH = 1000, 4

-- Whether a block that came after a position may have one of some ids. They are arguments from the first one on:
-- CHARACTER IDS, all that begin with this character.
local function may_have_come(state, after, first)
  if state.head <= after then return false end
  local ids_with = {}
  for i = first, #ARGV, 2 do ids_with[ARGV[i]] = ARGV[i + 1] end
  local looked = 0
  while after < state.head do
    local entry = oldest_entry(string.format('%.0f-%.0f', state.epoch, after + 1), after + 1)
    if not entry then return true end
    local block = block_of(entry)
    for id in string.gmatch(block.names, '([^ .:]+)%S*') do
      local ids = ids_with[string.sub(id, 1, 1)]
      if ids and string.find(ids, id, 1, true) then return true end
      looked = looked + 1
    end
    after, looked = block.last, looked + LOOKED_THROUGH_WITH
    if looked > LOOKED_THROUGH then return true end
  end
  return false
end
