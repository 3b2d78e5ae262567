-- A recovery: the nodes put back what Redis has lost. README.md in src/log/redis tells why each step is as it is.

local MIN_HEARING, MAX_HEARING, STALL, LONGEST, SILENCE = 1000, 5000, 5000, 60000, 1000

-- Leases are judged by `time`: the last time that the old life wrote.
local function begin_recovery(state, replid, time)
  local expected = {}
  -- Without META, nobody knows what the rest means: its ids would be taken for those of other events.
  if #state.lives == 0 and not state.phase then redis.call('UNLINK', LOG, NAMES, SEQS, CURRENT, SIZES, ARCHIVE, ENDS, MOVED) end
  local all = redis.call('HGETALL', SEQS)
  for i = 1, #all, 2 do
    local lease = tonumber(string.match(all[i + 1], '(%S+)$'))
    if lease > time - LEASE then expected[#expected + 1] = all[i] end
  end
  table.sort(expected)
  redis.call('DEL', HELLOS)
  state.replid, state.phase, state.began, state.put, state.stop = replid, 'hearing', -1, -1, 0
  state.expected = expected
  state.empty = #state.lives == 0
  save('replid', replid, 'phase', 'hearing', 'began', -1, 'put', -1, 'stop', 0,
    'expected', table.concat(expected, ' '), 'empty', state.empty and 1 or 0)
end

local function close(state, word)
  local number = number_of(state.lives)
  for _, heard in pairs(state.hellos) do number = math.max(number, number_of(heard.lives)) end
  local first = state.head + 1
  for _, life in ipairs(state.lives) do life.first = math.min(life.first, first) end
  state.lives[#state.lives + 1] = { number = number + 1, word = word, first = first }
  if state.epoch == 0 then begin_epoch(state) end
  state.first = math.min(state.first, first)
  state.word, state.phase = word, nil
  redis.call('DEL', HELLOS)
  redis.call('HDEL', META, 'phase', 'began', 'put', 'stop', 'expected', 'empty')
  save('word', word)
end

-- The log of the highest life is right; what is held beside it is cut.
local function choose(state)
  local best_lives, best_head = state.lives, state.head
  for _, node in ipairs(state.said) do
    local heard = state.hellos[node]
    local above = number_of(heard.lives) - number_of(best_lives)
    if #heard.lives > 0 and (above > 0 or (above == 0 and heard.head > best_head)) then
      best_lives, best_head = heard.lives, heard.head
    end
  end
  local common = common_end(state.lives, state.head, best_lives, math.huge)
  if common < state.head then cut(state, common) end
  begin_epoch(state)
  state.lives = {}
  for i, life in ipairs(best_lives) do state.lives[i] = { number = life.number, word = life.word, first = life.first } end
  local stop = state.head
  for _, heard in pairs(state.hellos) do
    stop = math.max(stop, common_end(heard.lives, heard.head, state.lives, math.huge))
  end
  state.phase, state.put, state.stop = 'putting back', state.now, stop
end

local function forget_silent(state)
  local said, silent = {}, false
  for _, node in ipairs(state.said) do
    if state.hellos[node].at < state.now - SILENCE then
      silent = true
      state.hellos[node] = nil
      redis.call('HDEL', HELLOS, node)
    else
      said[#said + 1] = node
    end
  end
  state.said = said
  return silent
end

local function go_on(state, word)
  while true do
    local lowest
    for _, heard in pairs(state.hellos) do
      local holds_to = common_end(heard.lives, heard.head, state.lives, math.huge)
      if holds_to > math.max(state.head, heard.low) then lowest = math.min(lowest or math.huge, heard.low) end
    end
    if state.head < state.stop and lowest and lowest > state.head then
      -- Nobody holds what comes next: it is missing from now on.
      local before = state.head
      state.head = lowest
      for _, heard in pairs(state.hellos) do
        local holds_to = common_end(heard.lives, heard.head, state.lives, math.huge)
        -- Whoever holds nothing of this log after the hole may know numbers of another one.
        if holds_to > math.max(before, heard.low) then
          for node, seq, last in string.gmatch(heard.seqs, '([^ ;]+) (%d+) (%d+)') do
            seq, last = tonumber(seq), tonumber(last)
            local known, _, lease = seq_of(node)
            if last <= lowest and (known or -1) < seq then set_seq(node, seq, last, lease or state.time - LEASE) end
          end
        end
      end
    end
    local is_long = state.now >= state.began + LONGEST
    local stalled = is_long or state.now >= state.put + STALL
    local waits = state.head < state.stop and lowest
    if is_long or not (waits and stalled and forget_silent(state)) then
      if not waits or stalled then close(state, word) end
      return
    end
    local expected = {}
    for _, node in ipairs(state.expected) do if state.hellos[node] then expected[#expected + 1] = node end end
    state.expected = expected
    choose(state)
  end
end

local function settle(state, word)
  if not state.phase or state.began < 0 then return end
  if state.phase == 'hearing' then
    local all_said = true
    for _, node in ipairs(state.expected) do all_said = all_said and state.hellos[node] ~= nil end
    if state.empty then
      for _, heard in pairs(state.hellos) do
        -- A log was lost, and with it who was there: whoever has it may be on the way.
        if #heard.lives > 0 then all_said = false end
      end
    end
    local long, over = state.now >= state.began + MIN_HEARING, state.now >= state.began + MAX_HEARING
    if not (all_said and long) and not over then return end
    choose(state)
  end
  go_on(state, word)
end
