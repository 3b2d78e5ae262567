-- The keys of a hub. tests/log/redis/model-engine.ts has what the scripts do as a model, held against them.
--
-- KEYS  1 log: a stream; an entry is a block, its id is EPOCH-LAST
--       2 names: a hash, ID -> "TOPICS:POSITION …" of each event with this id; a name is ID.TOPICS
--       3 meta: a hash
--       4 seqs: a hash, node -> "SEQ LAST LEASE"
--       5 hellos: a hash, in a recovery, node -> "AT|LIVES|HEAD|LOW|SEQS"
--       6 current: a sorted set, key of a type and a topic -> the position of the current value
--       7 sizes: a hash, such a key -> the size of that value's block
--       8 archive: a hash, such a key -> "POSITION SIZE WORD KEPT_AT TEXT", the newest that is no longer in the log
--       9 ends: a sorted set, key of a topic that has ended -> twice the position of its last event, plus 1 if that is private
--      10 moved: a sorted set, [ID, FIELD, VALUE, …] as JSON -> the position of the last event, of each block that has left
--         the stream though it is held
-- ARGV  1 the script's name, for whoever reads SLOWLOG or MONITOR; then its arguments
--
-- Lives are written "NUMBER WORD FIRST;…", epochs "NUMBER AFTER;…", seqs "NODE SEQ LAST;…".
-- Numbers are exact as text up to 10^14.

local LOG, NAMES, META, SEQS, HELLOS = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local CURRENT, SIZES, ARCHIVE, ENDS, MOVED = KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10]
