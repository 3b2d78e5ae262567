-- look_up NODE SEQ WORD ID... TOPICS...
--
-- Whether names of an append are held, which is then answered. Otherwise up to where the log has none of them.

local node, seq = ARGV[2], tonumber(ARGV[3])
local state = load_state()
local answered, lease = answer_before(state, node, seq, ARGV[4], 0)
if answered then return answered end
local count = (#ARGV - 4) / 2
local ids, topics = { unpack(ARGV, 5, 4 + count) }, { unpack(ARGV, 5 + count) }
local held = find_held(state, ids, topics, read_in_parts('HMGET', NAMES, ids))
if #held > 0 then return keep_nothing(state, node, seq, lease, 'held', unpack(held)) end
return { 'looked up', state.head }
