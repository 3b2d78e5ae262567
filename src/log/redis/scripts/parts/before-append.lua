-- What comes before events are appended.

-- What an append, or a look-up for it, is answered before its names are looked at; nil: it goes on. Also the node's
-- lease.
local function answer_before(state, node, seq, word, head)
  if not state.word or state.phase or state.replid ~= replication_id() or state.word ~= word then return { 'hello' } end
  local known, known_last, lease = seq_of(node)
  if known and seq == known then return { 'again', known_last } end
  if known and seq < known then return { 'stale' } end
  if head > state.head then return { 'hello' } end
  if state.unnamed ~= '' then return { 'unnamed' } end
  local jump = note_time(state, clock())
  return nil, lease and lease + jump or state.time - LEASE
end

-- An append of which nothing is kept, for this reason. Its number is used.
local function keep_nothing(state, node, seq, lease, ...)
  set_seq(node, seq, 0, lease)
  save('time', state.time)
  return { ... }
end
