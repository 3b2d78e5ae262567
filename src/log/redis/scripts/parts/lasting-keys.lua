-- Current values and ends of topics. A block that sets some holds one event; `current` has their keys, or "-KEY"
-- to clear one. "v…" is that of a value, "e…" of a topic, and "p…" sets "e…" by a private event.
-- The archive has, for each value, what was current when the oldest block of the log came: that and the log give
-- what is current now. So a block that is cut is undone by what it replaced, which `previous` names. Ends need no
-- archive: their keys say all.

-- The key, whether it is cleared, whether it is an end, and what an end has for a size: 1 if it is private.
local function parse_key(text)
  local clears = string.sub(text, 1, 1) == '-'
  if clears then text = string.sub(text, 2) end
  local kind = string.sub(text, 1, 1)
  if kind == 'p' then return 'e' .. string.sub(text, 2), clears, true, 1 end
  return text, clears, kind == 'e', 0
end
