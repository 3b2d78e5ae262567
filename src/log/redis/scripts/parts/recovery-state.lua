-- The state with all that a recovery has, and what nodes are answered.

local function hear_all(state)
  state.hellos, state.said = {}, {}
  local all = redis.call('HGETALL', HELLOS)
  for i = 1, #all, 2 do
    local at, lives, head, low, seqs = string.match(all[i + 1], '^(%d+)|([^|]*)|(%d+)|(%d+)|([^|]*)$')
    state.hellos[all[i]] =
      { at = tonumber(at), lives = lives_of(lives), head = tonumber(head), low = tonumber(low), seqs = seqs }
    state.said[#state.said + 1] = all[i]
  end
  table.sort(state.said)
end

local function load_all()
  local state = load_state()
  local texts = redis.call('HMGET', META, 'lives', 'expected', 'empty', 'began', 'put', 'stop')
  state.lives = lives_of(texts[1])
  state.expected = {}
  for node in string.gmatch(texts[2] or '', '%S+') do state.expected[#state.expected + 1] = node end
  state.empty = texts[3] == '1'
  state.now = clock()
  state.began = tonumber(texts[4] or 0)
  state.put = tonumber(texts[5] or 0)
  state.stop = tonumber(texts[6] or 0)
  hear_all(state)
  return state
end

local function set_heard_at(state, node, at)
  state.hellos[node].at = at
  local said = redis.call('HGET', HELLOS, node)
  redis.call('HSET', HELLOS, node, (string.gsub(said, '^%d+', string.format('%.0f', at))))
end

-- A clock that jumps would shorten a recovery, or prolong it, by as much.
local function note_now(state)
  local jump = jump_of(state, state.now)
  if jump ~= 0 and state.phase and state.began >= 0 then
    state.began, state.put = state.began + jump, state.put + jump
    for node, heard in pairs(state.hellos) do set_heard_at(state, node, heard.at + jump) end
  end
  note_time(state, state.now)
end

local function save_all(state)
  save('lives', text_of(state.lives))
  save_counts(state)
  if state.phase then
    save('phase', state.phase, 'began', state.began, 'put', state.put, 'stop', state.stop,
      'expected', table.concat(state.expected, ' '))
  end
end

local function answer(state)
  if state.phase then return { state.phase, text_of(state.lives), state.head, state.stop } end
  local seqs = {}
  local all = redis.call('HGETALL', SEQS)
  for i = 1, #all, 2 do seqs[#seqs + 1] = all[i] .. ' ' .. string.match(all[i + 1], '^(%S+ %S+)') end
  local epochs = redis.call('HGET', META, 'epochs') or ''
  local newest = newest_entry()
  local tail = newest and position_of(newest) or 0
  -- A log that has been erased amid a putting back has no replication id.
  return { 'open', text_of(state.lives), state.head, tail, epochs, state.replid or '', table.concat(seqs, ';'),
    counts(state) }
end
