-- append NODE SEQ WORD HEAD BOUNDS... TOPICS BLOCKS LOOKED_UP (COUNT SIZE NAMES CURRENT TEXT)... [CHARACTER IDS]...
--
-- Appends a unit.
-- The node has followed the log up to HEAD: nothing is kept in one that ends before. It knows the topics that have
-- ended up to there. When others have since, nothing is kept unless TOPICS, the keys of those that it appends to, have
-- none of them.
-- LOOKED_UP is a position, and the log has none of the names up to there. Then CHARACTER IDS are all their ids, by the
-- characters that they begin with. With an empty LOOKED_UP, the names are looked up here.

-- A call that appends more events than this leaves it to others to trim.
local TRIMS_WITH = 100

local node, seq, word, head, looked_up = ARGV[2], tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[15])
local state = load_state()
local answered, lease = answer_before(state, node, seq, word, head)
if answered then return answered end

local blocks = {}
local after_blocks = 16 + 5 * ARGV[14]
for i = 16, after_blocks - 1 do blocks[i - 15] = ARGV[i] end
local ids, topics, places, known
if looked_up then
  if may_have_come(state, looked_up, after_blocks) then return { 'look up' } end
else
  ids, topics, places, known = look_up_names(blocks, state.head + 1)
  local held = find_held(state, ids, topics, known)
  if #held > 0 then return keep_nothing(state, node, seq, lease, 'held', unpack(held)) end
end
if has_ended(ARGV[13], head) then return keep_nothing(state, node, seq, lease, 'ended', state.head) end

local first, last = state.head + 1, state.head
for i = 1, #blocks, 5 do last = last + blocks[i] end
local set = keep(state, blocks, word, string.format('%.0f', state.time), node, ARGV[3], string.format('%.0f', first),
  string.format('%.0f', last))
local names_here = ids and #ids <= NAMED_AT_ONCE
if names_here then remember_names(ids, topics, places, known) else name_unit(state, blocks, first, 0) end
set_seq(node, seq, last, lease)

local bounds = bounds_from(6)
if set > 0 then drop(state, bounds, math.min(set, DROPPED_WITH) + DROPPED) end
local trimmed = last - first < TRIMS_WITH and trim(state, bounds)
if set > 0 or not names_here then save_counts(state)
elseif trimmed then save_trimmed(state)
else save_places(state) end
return { 'kept', last, left(state, bounds), counts(state) }
