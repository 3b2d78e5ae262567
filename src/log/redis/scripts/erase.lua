-- erase NODE SEQ WORD HEAD BOUNDS... COUNT SIZE NAMES CURRENT TEXT OF REWRITTEN_CURRENT REWRITTEN_TEXT
--
-- Appends the block that erases an event. The event's block is rewritten, if it is as the node has read it: OF is the
-- digest of its text.

local node, seq, word = ARGV[2], tonumber(ARGV[3]), ARGV[4]
local state = load_state()
local answered, lease = answer_before(state, node, seq, word, tonumber(ARGV[5]))
if answered then return answered end

local block = { unpack(ARGV, 13, 17) }
local entry, is_same = find_erased(block[4], ARGV[18])
if not is_same then return keep_nothing(state, node, seq, lease, 'changed') end
rewrite(entry, ARGV[19], ARGV[20])
local position = string.format('%.0f', state.head + 1)
keep_erasure(state, block, word, string.format('%.0f', state.time), node, ARGV[3], position, position)
set_seq(node, seq, state.head, lease)

local bounds = bounds_from(6)
trim(state, bounds)
save_counts(state)
return { 'kept', state.head, left(state, bounds), counts(state) }
