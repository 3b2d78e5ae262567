-- The time that calls note. It only grows, unless the clock is set back by much.

-- Nodes say hello every 3 s. When the clock is further from the newest call than this, in milliseconds, it has jumped, or
-- the hub stood still.
local STEP = 5000

-- How far it has jumped. That counts for nothing: nobody could call in that time.
local function jump_of(state, now)
  local passed = now - state.time
  return math.abs(passed) > STEP and passed or 0
end

-- Returns how far it has jumped: so far all leases have moved.
local function note_time(state, now)
  local jump = jump_of(state, now)
  if jump == 0 then
    state.time = math.max(state.time, now)
    return 0
  end
  local all = redis.call('HGETALL', SEQS)
  for i = 1, #all, 2 do
    local seq, last, lease = seq_of(all[i])
    set_seq(all[i], seq, last, lease + jump)
  end
  state.time = now
  save('time', now)
  return jump
end
