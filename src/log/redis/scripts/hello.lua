-- hello NODE NEW_WORD LIVES HEAD LOW REPLID SEQS INSISTS
--
-- Nodes say it when they connect, every few seconds, and in recoveries: where they stand. Answered where the log does.

-- How long a node's number is kept after its last hello, in milliseconds.
local SEQ_KEPT = 3600000

local node, word, head, low, insists = ARGV[2], ARGV[3], tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[9] == '1'
local state = load_all()
if #state.lives > 0 or state.phase then
  local instead = look_for_others(state)
  if instead then return instead end
end
local replid = replication_id()
if #state.lives == 0 and not state.phase then begin_recovery(state, replid, state.now)
elseif (state.replid or '') ~= replid then begin_recovery(state, replid, state.time) end
if state.began < 0 then hear_all(state) end
local mine = lives_of(ARGV[4])
local newest = mine[#mine]
note_now(state)
local seq, last = seq_of(node)
set_seq(node, seq or 0, last or 0, state.time)
local all = redis.call('HGETALL', SEQS)
for i = 1, #all, 2 do
  local lease = tonumber(string.match(all[i + 1], '(%S+)$'))
  if lease < state.time - SEQ_KEPT then redis.call('HDEL', SEQS, all[i]) end
end
if not state.phase and newest then
  local other = not index_of(state.lives, newest.word)
  if other and newest.number > number_of(state.lives) and ARGV[7] ~= replid then
    if not insists then
      save_all(state)
      return { 'elsewhere' }
    end
    begin_recovery(state, replid, state.time)
    hear_all(state)
  elseif newest.word == state.word and head > state.head then
    begin_recovery(state, replid, state.time)
    hear_all(state)
  end
end
if state.phase then
  if state.empty and newest and ARGV[7] == replid then
    -- The log was erased on purpose: it begins anew, and nothing is put back.
    state.hellos, state.said = { [node] = { lives = mine } }, { node }
    close(state, word)
  else
    local before = state.hellos[node]
    local is_new = not before or before.at < state.now - SILENCE
    redis.call('HSET', HELLOS, node, string.format('%.0f|%s|%.0f|%.0f|%s', state.now, ARGV[4], head, low, ARGV[8]))
    hear_all(state)
    if state.began < 0 then state.began = state.now end
    -- A hello amid the putting back is weighed like the others.
    if is_new and state.phase == 'putting back' then state.phase = 'hearing' end
    settle(state, word)
  end
end
save_all(state)
return answer(state)
