-- put NODE NEW_WORD (COUNT SIZE NAMES CURRENT TEXT WORD KEPT_AT NODE SEQ UNIT_FIRST UNIT_LAST)...
-- put NODE NEW_WORD (COUNT SIZE NAMES CURRENT TEXT WORD KEPT_AT NODE SEQ UNIT_FIRST UNIT_LAST) OF REWRITTEN_CURRENT REWRITTEN_TEXT
--
-- Puts a unit back, in a recovery. One that erases an event brings that event's block, as erase.lua has it.

local state = load_all()
if not state.phase then return answer(state) end
note_now(state)
if state.hellos[ARGV[2]] then set_heard_at(state, ARGV[2], state.now) end
local word, unit_first, unit_last = ARGV[9], tonumber(ARGV[13]), tonumber(ARGV[14])
local fits = state.phase == 'putting back' and unit_first == state.head + 1 and unit_last <= state.stop
  and is_on(state.lives, word, unit_first)
local erases = parse_erasure(ARGV[7])
if fits and erases then
  local entry, is_same = find_erased(ARGV[7], ARGV[15])
  if is_same then
    rewrite(entry, ARGV[16], ARGV[17])
    keep_erasure(state, { unpack(ARGV, 4, 8) }, unpack(ARGV, 9, 14))
  else
    fits = false
  end
elseif fits then
  local blocks = {}
  for i = 4, #ARGV, 11 do
    for n = 0, 4 do blocks[#blocks + 1] = ARGV[i + n] end
  end
  keep(state, blocks, unpack(ARGV, 9, 14))
  name_unit(state, blocks, unit_first, NAMED_AT_ONCE)
end
if fits then
  local node, seq = ARGV[11], tonumber(ARGV[12])
  local known, _, lease = seq_of(node)
  if (known or -1) < seq then set_seq(node, seq, unit_last, lease or state.time - LEASE) end
  state.put = state.now
end
settle(state, ARGV[3])
save_all(state)
return answer(state)
