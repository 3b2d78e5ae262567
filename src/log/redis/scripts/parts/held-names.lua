-- Whether the log has a name already.

-- How many names that are held one call tells, and those of one event more.
local HELD = 1000

-- Names that stand in the log already, and where: some of them at least, if there are any. `known` is what NAMES has for
-- the ids.
local function find_held(state, ids, topics, known)
  local held = {}
  for i, id in ipairs(ids) do
    for set, digits in string.gmatch(known[i] or '', '([^ :]*):(%d+)') do
      local position = tonumber(digits)
      if set == topics[i] and position >= state.first then
        held[#held + 1] = set == '' and id or id .. '.' .. set
        held[#held + 1] = position
      end
    end
    if #held >= 2 * HELD then break end
  end
  return held
end
