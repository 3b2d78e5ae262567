-- The counts that an answer has.

local function counts(state)
  return state.first, state.count, state.bytes, state.value_bytes, state.floor, state.dropped, state.ends_floor,
    state.ends_dropped
end
