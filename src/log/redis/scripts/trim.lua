-- trim BOUNDS...
--
-- Lets go of what is past the bounds, of some blocks.

local state = load_state()
if not state.word or state.phase then return { 'hello' } end
note_time(state, clock())
local bounds = bounds_from(2)
drop(state, bounds, DROPPED)
trim(state, bounds)
save_counts(state)
return { 'trimmed', left(state, bounds), counts(state) }
