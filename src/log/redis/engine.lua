-- The shared log in Redis. README.md in this folder says why each step is as it is, and
-- tests/log/redis/model-engine.ts has the same steps as a model, held against this script.
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
-- ARGV  1 the operation, then its arguments
--
-- Lives are written "NUMBER WORD FIRST;…", epochs "NUMBER AFTER;…", seqs "NODE SEQ LAST;…".
-- Numbers are exact as text up to 10^14.

local LOG, NAMES, META, SEQS, HELLOS = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local CURRENT, SIZES, ARCHIVE, ENDS, MOVED = KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10]
local MIN_HEARING, MAX_HEARING, STALL, LONGEST, SILENCE = 1000, 5000, 5000, 60000, 1000
local LEASE, SEQ_KEPT = 10000, 3600000
-- How many lives and epochs are remembered.
local REMEMBERED = 64
-- Above this, an epoch is not exact.
local HIGHEST = 1e14
-- How many blocks one call trims at most, or puts the names of into NAMES; of how many bytes and with how many names
-- it trims them, and one more.
local TRIMMED, TRIMMED_BYTES, FORGOTTEN = 64, 1048576, 1000
-- How many current values, and how many ends, one call drops at most, besides as many as it sets, but for so many.
local DROPPED, DROPPED_WITH = 64, 64
-- A call that appends more events than this leaves it to others to trim.
local TRIMS_WITH = 100
-- How many names that are held one call tells, and those of one event more.
local HELD = 1000
-- Through how many ids an append looks that have come since those of its batch were looked up. A block takes as long as
-- some ids.
local LOOKED_THROUGH, LOOKED_THROUGH_WITH = 1000, 4
-- How many arguments one command is given.
local ARGUMENTS = 2000
-- How many bytes of current values one call reads, or one value.
local READ = 262144
-- How many entries that somebody has written by hand one call removes.
local FOREIGN = 256
-- How many neighbours of a block leave the stream with it: so many on each side at a time, so often at most. A text
-- that is longer than LONG has no neighbours.
local NEIGHBOURS, MOVES, LONG = 4, 64, 4096


-- State: all of META that a call needs, as numbers where they are numbers. This is part of every call, so the fields
-- are written out.
local function load_state()
  local values = redis.call('HMGET', META, 'head', 'first', 'count', 'bytes', 'time', 'epoch', 'spare', 'value_bytes',
    'floor', 'dropped', 'ends_floor', 'ends_dropped', 'replid', 'word', 'phase', 'oldest', 'unnamed', 'began', 'put', 'stop',
    'oldest_block')
  return {
    head = tonumber(values[1] or 0),
    first = tonumber(values[2] or 1),
    count = tonumber(values[3] or 0),
    bytes = tonumber(values[4] or 0),
    time = tonumber(values[5] or 0),
    epoch = tonumber(values[6] or 0),
    spare = tonumber(values[7] or 0),
    value_bytes = tonumber(values[8] or 0),
    floor = tonumber(values[9] or 0),
    dropped = tonumber(values[10] or 0),
    ends_floor = tonumber(values[11] or 0),
    ends_dropped = tonumber(values[12] or 0),
    replid = values[13],
    word = values[14],
    phase = values[15],
    -- The id of the oldest block that is not past the bounds, or of the next one.
    oldest = values[16] or '0-0',
    -- From the block with this id on, names may not be in NAMES yet; empty when all are.
    unnamed = values[17] or '',
    began = tonumber(values[18] or 0),
    put = tonumber(values[19] or 0),
    stop = tonumber(values[20] or 0),
    -- What `trim` needs to know of that block. See there.
    oldest_block = values[21] or '',
  }
end

local function save(...) redis.call('HSET', META, ...) end

-- What every append changes.
local function save_places(state)
  save('head', state.head, 'first', state.first, 'count', state.count, 'bytes', state.bytes, 'time', state.time)
end

local function save_counts(state)
  save_places(state)
  save('spare', state.spare, 'oldest', state.oldest, 'oldest_block', state.oldest_block, 'unnamed', state.unnamed,
    'value_bytes', state.value_bytes, 'floor', state.floor, 'dropped', state.dropped, 'ends_floor', state.ends_floor, 'ends_dropped', state.ends_dropped)
end

local function block_of(entry)
  local fields = {}
  for i = 1, #entry[2], 2 do fields[entry[2][i]] = entry[2][i + 1] end
  return {
    id = entry[1],
    last = tonumber(string.match(entry[1], '%-(%d+)$')),
    count = tonumber(fields.c),
    size = tonumber(fields.z),
    names = fields.i,
    text = fields.b,
    word = fields.w,
    current = fields.r,
    erases = fields.x,
    previous = fields.p,
    kept_at = tonumber(fields.t),
    node = fields.n,
    seq = tonumber(fields.s),
    is_moved = entry.is_moved,
  }
end

-- Nothing in a stream can be changed. So a block leaves it when one of its events is erased, and lies in MOVED without
-- that event's data. What is deleted from a stream is only marked: its bytes go with the last entry of their node of
-- the stream. So its neighbours there leave the stream, too.

local some_moved
local function has_moved()
  if some_moved == nil then some_moved = redis.call('EXISTS', MOVED) == 1 end
  return some_moved
end

local function position_of(entry) return tonumber(string.match(entry[1], '%-(%d+)$')) end

-- The first entry from MOVED that a command finds.
local function moved_entry(...)
  local text = has_moved() and redis.call(...)[1]
  if not text then return nil end
  local all = cjson.decode(text)
  return { all[1], { unpack(all, 2) }, is_moved = true }
end

-- The oldest block that ends at the position or later, which the stream has at this id or later.
local function oldest_entry(id, position)
  local entry = redis.call('XRANGE', LOG, id, '+', 'COUNT', 1)[1]
  local moved = moved_entry('ZRANGEBYSCORE', MOVED, position, '+inf', 'LIMIT', 0, 1)
  return moved and (not entry or position_of(moved) < position_of(entry)) and moved or entry
end

local function newest_entry()
  local entry = redis.call('XREVRANGE', LOG, '+', '-', 'COUNT', 1)[1]
  local moved = moved_entry('ZREVRANGEBYSCORE', MOVED, '+inf', '-inf', 'LIMIT', 0, 1)
  return moved and (not entry or position_of(moved) > position_of(entry)) and moved or entry
end

local EPOCHS
local function epoch_at(position)
  if not EPOCHS then
    EPOCHS = {}
    for number, after in string.gmatch(redis.call('HGET', META, 'epochs') or '', '(%d+) (%d+)') do
      EPOCHS[#EPOCHS + 1] = { number = number, after = tonumber(after) }
    end
  end
  local epoch = '0'
  for _, each in ipairs(EPOCHS) do if each.after < position then epoch = each.number end end
  return epoch
end

-- The block with the event at a position, if it is held.
local function block_at(position)
  local entry = oldest_entry(string.format('%s-%.0f', epoch_at(position), position), position)
  local block = entry and block_of(entry)
  if block and block.last - block.count < position and position <= block.last then return block, entry end
end

local function count_nodes()
  local about = redis.call('XINFO', 'STREAM', LOG)
  for i = 1, #about, 2 do if about[i] == 'radix-tree-keys' then return about[i + 1] end end
end

local function move(entry)
  if entry.is_moved then redis.call('ZREMRANGEBYSCORE', MOVED, position_of(entry), position_of(entry))
  else redis.call('XDEL', LOG, entry[1]) end
  redis.call('ZADD', MOVED, position_of(entry), cjson.encode({ entry[1], unpack(entry[2]) }))
  some_moved = true
end

local function move_with_neighbours(entry)
  local before = count_nodes()
  move(entry)
  local sides = { { 'XREVRANGE', '-', at = entry[1] }, { 'XRANGE', '+', at = entry[1] } }
  for _ = 1, MOVES do
    if count_nodes() ~= before or #sides == 0 then return end
    for i = #sides, 1, -1 do
      local side = sides[i]
      local found = redis.call(side[1], LOG, '(' .. side.at, side[2], 'COUNT', NEIGHBOURS)
      local is_end = #found < NEIGHBOURS
      for _, each in ipairs(found) do
        if #block_of(each).text > LONG then
          is_end = true
          break
        end
        move(each)
        side.at = each[1]
      end
      if is_end then table.remove(sides, i) end
    end
  end
end

-- What a block erases: "xWORD-POSITION" in the place of the keys that it sets. Nil when it erases nothing.
local function parse_erasure(current)
  local word, position = string.match(current, '^x(%S+)%-(%d+)$')
  return word, tonumber(position)
end

-- The block with the event that is erased, and whether it is as whoever rewrote it has read it: OF is the digest of
-- its text, or empty for no block.
local function find_erased(current, of)
  local word, position = parse_erasure(current)
  local block, entry = block_at(position)
  if not block or block.word ~= word then return nil, of == '' end
  return entry, redis.sha1hex(block.text) == of
end

local function rewrite(entry, current, text)
  if not entry or block_of(entry).text == text then return end
  local fields = entry[2]
  for i = 1, #fields, 2 do
    if fields[i] == 'b' then fields[i + 1] = text
    elseif fields[i] == 'r' then fields[i + 1] = current end
  end
  if entry.is_moved then move(entry) else move_with_neighbours(entry) end
end

-- Calls a command with many arguments, a part of them at a time.
local function call_in_parts(command, key, arguments)
  for i = 1, #arguments, ARGUMENTS do
    redis.call(command, key, unpack(arguments, i, math.min(i + ARGUMENTS - 1, #arguments)))
  end
end

local function read_in_parts(command, key, arguments)
  local found = {}
  for i = 1, #arguments, ARGUMENTS do
    local part = redis.call(command, key, unpack(arguments, i, math.min(i + ARGUMENTS - 1, #arguments)))
    for n = 1, #part do found[i + n - 1] = part[n] end
  end
  return found
end

-- Adds the ids of these names, the topics and the place of each: its index, counted from the first position.
local function parse_names(names, from, ids, topics, places)
  local n = #ids
  for id, set, index in string.gmatch(names, '([^ .:]+)%.?([^ :]*):(%d+)') do
    n = n + 1
    ids[n], topics[n], places[n] = id, set, from + index
  end
end

-- The ids of a block's names, the topics and the place of each, and what NAMES has for the ids.
local function look_up(names, from)
  local ids, topics, places = {}, {}, {}
  parse_names(names, from, ids, topics, places)
  return ids, topics, places, read_in_parts('HMGET', NAMES, ids)
end

-- The same of all blocks of a unit that comes after a position.
local function look_up_unit(blocks, head)
  local ids, topics, places = {}, {}, {}
  for i = 1, #blocks, 5 do
    if blocks[i + 2] ~= '' then parse_names(blocks[i + 2], head + 1, ids, topics, places) end
    head = head + blocks[i]
  end
  return ids, topics, places, read_in_parts('HMGET', NAMES, ids)
end

-- One that is there already is left as it is. `known` is what NAMES has for the ids.
local function remember_names(ids, topics, places, known)
  local fields, place_of = {}, {}
  for i, id in ipairs(ids) do
    local pair = topics[i] .. ':' .. places[i]
    local place = place_of[id]
    local others = place and fields[place] or known[i]
    if not place then
      place = #fields + 2
      fields[place - 1], place_of[id] = id, place
    end
    if not others then fields[place] = pair
    elseif string.find(' ' .. others .. ' ', ' ' .. pair .. ' ', 1, true) then fields[place] = others
    else fields[place] = others .. ' ' .. pair end
  end
  call_in_parts('HSET', NAMES, fields)
end

local function forget_names(block)
  local ids, topics, places, known = look_up(block.names, block.last - block.count + 1)
  local left, gone = {}, {}
  for i, id in ipairs(ids) do
    local mine = topics[i] .. ':' .. places[i]
    local before = left[id] or known[i]
    if before == mine or not before then
      left[id] = nil
      gone[#gone + 1] = id
    else
      local others = {}
      for pair in string.gmatch(before, '%S+') do if pair ~= mine then others[#others + 1] = pair end end
      left[id] = table.concat(others, ' ')
    end
  end
  if #gone > 0 then redis.call('HDEL', NAMES, unpack(gone)) end
  for id, others in pairs(left) do redis.call('HSET', NAMES, id, others) end
  return #ids
end

-- Puts names into NAMES that are not there yet, of some blocks.
local function name_blocks(state)
  local ids, topics, places = {}, {}, {}
  local bytes = 0
  for _ = 1, TRIMMED do
    if #ids >= NAMED_AT_ONCE or bytes >= TRIMMED_BYTES or state.unnamed == '' then break end
    local entry = oldest_entry(state.unnamed, tonumber(string.match(state.unnamed, '%d+$')))
    local block = entry and block_of(entry)
    if block then
      bytes = bytes + block.size
      parse_names(block.names, block.last - block.count + 1, ids, topics, places)
    end
    if not block or block.last >= state.head then state.unnamed = ''
    else state.unnamed = string.format('%s-%.0f', string.match(block.id, '^%d+'), block.last + 1) end
  end
  remember_names(ids, topics, places, read_in_parts('HMGET', NAMES, ids))
end

-- Names that stand in the log already, and where: some of them at least, if there are any. `known` is what NAMES has for
-- the ids.
local function find_held(state, ids, topics, known)
  local held = {}
  for i, id in ipairs(ids) do
    for set, digits in string.gmatch(known[i] or '', '([^ :]*):(%d+)') do
      local position = tonumber(digits)
      if set == topics[i] and position >= state.first then
        held[#held + 1] = set == '' and id or id .. '.' .. set
        held[#held + 1] = position
      end
    end
    if #held >= 2 * HELD then break end
  end
  return held
end

-- Whether a block that came after a position may have one of some ids. They are arguments from the first one on:
-- CHARACTER IDS, all that begin with this character.
local function may_have_come(state, after, first)
  if state.head <= after then return false end
  local ids_with = {}
  for i = first, #ARGV, 2 do ids_with[ARGV[i]] = ARGV[i + 1] end
  local looked = 0
  while after < state.head do
    local entry = oldest_entry(string.format('%.0f-%.0f', state.epoch, after + 1), after + 1)
    if not entry then return true end
    local block = block_of(entry)
    for id in string.gmatch(block.names, '([^ .:]+)%S*') do
      local ids = ids_with[string.sub(id, 1, 1)]
      if ids and string.find(ids, id, 1, true) then return true end
      looked = looked + 1
    end
    after, looked = block.last, looked + LOOKED_THROUGH_WITH
    if looked > LOOKED_THROUGH then return true end
  end
  return false
end

-- Current values and ends of topics. A block that sets some holds one event; `current` has their keys, or "-KEY"
-- to clear one. "v…" is that of a value, "e…" of a topic, and "p…" sets "e…" by a private event.
-- The archive has, for each value, what was current when the oldest block of the log came: that and the log give
-- what is current now. So a block that is cut is undone by what it replaced, which `previous` names. Ends need no
-- archive: their keys say all.

-- The key, whether it is cleared, whether it is an end, and what an end has for a size: 1 if it is private.
local function parse_key(text)
  local clears = string.sub(text, 1, 1) == '-'
  if clears then text = string.sub(text, 2) end
  local kind = string.sub(text, 1, 1)
  if kind == 'p' then return 'e' .. string.sub(text, 2), clears, true, 1 end
  return text, clears, kind == 'e', 0
end

-- The position and the size of what a key has; nil if it has nothing.
local function value_of(key, is_end)
  local score = tonumber(redis.call('ZSCORE', is_end and ENDS or CURRENT, key))
  if not score then return nil end
  if is_end then return math.floor(score / 2), score % 2 end
  return score, tonumber(redis.call('HGET', SIZES, key))
end

local function set_value(state, key, is_end, position, size)
  if is_end then
    redis.call('ZADD', ENDS, string.format('%.0f', 2 * position + size), key)
    return
  end
  state.value_bytes = state.value_bytes - (redis.call('HGET', SIZES, key) or 0) + size
  redis.call('ZADD', CURRENT, string.format('%.0f', position), key)
  redis.call('HSET', SIZES, key, size)
end

local function unset_value(state, key, is_end)
  if is_end then
    redis.call('ZREM', ENDS, key)
    return
  end
  if redis.call('ZREM', CURRENT, key) == 0 then return end
  state.value_bytes = state.value_bytes - (redis.call('HGET', SIZES, key) or 0)
  redis.call('HDEL', SIZES, key)
end

-- What a unit sets: all that its keys have is read at once, and written at once after its blocks. By each `current` of
-- its blocks, `texts` has what it sets; `values` and `ends` have a record of each key. Places and sizes are texts.
local function read_values(blocks)
  local unit = { texts = {}, count = 0, values = {}, ends = {} }
  local records, value_keys, end_keys = {}, {}, {}
  for i = 4, #blocks, 5 do
    local current = blocks[i]
    if current ~= '' and not unit.texts[current] then
      local sets = {}
      for text in string.gmatch(current, '%S+') do
        local key, clears, is_end, flag = parse_key(text)
        local record = records[key]
        if not record then
          record = { key = key, is_end = is_end }
          records[key] = record
          local of, keys = is_end and unit.ends or unit.values, is_end and end_keys or value_keys
          of[#of + 1], keys[#keys + 1] = record, key
        end
        sets[#sets + 1] = { record = record, clears = clears, flag = flag }
      end
      unit.texts[current] = sets
    end
    if current ~= '' then unit.count = unit.count + #unit.texts[current] end
  end
  local sizes = read_in_parts('HMGET', SIZES, value_keys)
  -- As text, a position has no point and no exponent.
  for i, position in ipairs(read_in_parts('ZMSCORE', CURRENT, value_keys)) do
    if position then unit.values[i].place, unit.values[i].size = position, sizes[i] or '0' end
  end
  for i, score in ipairs(read_in_parts('ZMSCORE', ENDS, end_keys)) do
    if score then
      unit.ends[i].place, unit.ends[i].size = string.format('%.0f', math.floor(score / 2)), score % 2
    end
  end
  return unit
end

-- Notes what a block sets. Returns what that replaces. Position and size are texts.
local function set_current(state, unit, current, position, size)
  local previous = {}
  for i, set in ipairs(unit.texts[current]) do
    local record = set.record
    local before = record.place
    previous[i] = before and before .. ':' .. record.size or '0:0'
    if not record.is_end then
      state.value_bytes = state.value_bytes - (before and record.size or 0) + (set.clears and 0 or size)
    end
    record.place = not set.clears and position or nil
    record.size = record.is_end and set.flag or size
  end
  return table.concat(previous, ' ')
end

-- Whether the event at this position sets the value still: it may have been erased.
local function is_set_at(key, position)
  local archived = redis.call('HGET', ARCHIVE, key)
  if archived and string.match(archived, '^%d+') == string.format('%.0f', position) then return true end
  local block = block_at(position)
  for text in string.gmatch(block and block.current or '', '%S+') do if text == key then return true end end
  return false
end

local function write_values(unit)
  local scores, sizes, gone = {}, {}, {}
  for _, record in ipairs(unit.values) do
    local key = record.key
    if record.place then
      scores[#scores + 1], scores[#scores + 2] = record.place, key
      sizes[#sizes + 1], sizes[#sizes + 2] = key, record.size
    else
      gone[#gone + 1] = key
    end
  end
  call_in_parts('ZADD', CURRENT, scores)
  call_in_parts('HSET', SIZES, sizes)
  call_in_parts('ZREM', CURRENT, gone)
  call_in_parts('HDEL', SIZES, gone)
  scores, gone = {}, {}
  for _, record in ipairs(unit.ends) do
    if record.place then
      scores[#scores + 1], scores[#scores + 2] = string.format('%.0f', 2 * record.place + record.size), record.key
    else
      gone[#gone + 1] = record.key
    end
  end
  call_in_parts('ZADD', ENDS, scores)
  call_in_parts('ZREM', ENDS, gone)
end

local function undo_current(state, block)
  local texts = {}
  for text in string.gmatch(block.current, '%S+') do texts[#texts + 1] = text end
  local i = 0
  for position, size in string.gmatch(block.previous, '(%d+):(%d+)') do
    i = i + 1
    local key, clears, is_end = parse_key(texts[i])
    local now = value_of(key, is_end)
    -- One that was dropped since does not come back.
    if clears and not now or now == block.last then
      position = tonumber(position)
      if position > 0 and position >= (is_end and state.ends_floor or state.floor)
        and (is_end or is_set_at(key, position)) then
        set_value(state, key, is_end, position, tonumber(size))
      else
        unset_value(state, key, is_end)
      end
    end
  end
end

-- The block is about to leave the log.
local function archive(state, block)
  for text in string.gmatch(block.current, '%S+') do
    local key, clears, is_end = parse_key(text)
    if is_end then -- Nothing to keep.
    elseif clears or block.last < state.floor then redis.call('HDEL', ARCHIVE, key)
    else
      redis.call('HSET', ARCHIVE, key,
        string.format('%.0f %.0f %s %.0f %s', block.last, block.size, block.word, block.kept_at, block.text))
    end
  end
end

-- The event at this position is nowhere current any more. Returns on how many keys it was.
local function unset_values_at(state, position)
  local text = string.format('%.0f', position)
  local keys = redis.call('ZRANGEBYSCORE', CURRENT, text, text)
  for _, key in ipairs(keys) do
    unset_value(state, key, false)
    local archived = redis.call('HGET', ARCHIVE, key)
    if archived and string.match(archived, '^%d+') == text then redis.call('HDEL', ARCHIVE, key) end
  end
  return #keys
end

-- Past their bounds the oldest values go, all of an event at once.
local function drop_values(state, max_values, max_bytes, most)
  local count = redis.call('ZCARD', CURRENT)
  while most > 0 and (count > max_values or state.value_bytes > max_bytes) do
    local oldest = redis.call('ZRANGE', CURRENT, 0, 0, 'WITHSCORES')[2]
    if not oldest then
      state.value_bytes = 0
      break
    end
    local gone = unset_values_at(state, tonumber(oldest))
    count, most, state.dropped = count - gone, most - gone, state.dropped + gone
    state.floor = tonumber(oldest) + 1
  end
end

-- Past their bound those topics are open again that ended first, all of an event at once.
local function drop_ends(state, max_ends, most)
  local count = redis.call('ZCARD', ENDS)
  while most > 0 and count > max_ends do
    local position = math.floor(redis.call('ZRANGE', ENDS, 0, 0, 'WITHSCORES')[2] / 2)
    local gone =
      redis.call('ZREMRANGEBYSCORE', ENDS, string.format('%.0f', 2 * position), string.format('%.0f', 2 * position + 1))
    count, most, state.ends_dropped = count - gone, most - gone, state.ends_dropped + gone
    state.ends_floor = position + 1
  end
end

local function drop(state, bounds, most)
  drop_values(state, bounds.values, bounds.value_bytes, most)
  drop_ends(state, bounds.ends, most)
end

-- Whether a topic may have ended after a position. Without topics all are meant.
local function has_ended(topics, after)
  local newest = redis.call('ZREVRANGE', ENDS, 0, 0, 'WITHSCORES')[2]
  if not newest or math.floor(newest / 2) <= after then return false end
  if topics == '' then return true end
  for key in string.gmatch(topics, '%S+') do
    local position = value_of(key, true)
    if position and position > after then return true end
  end
  return false
end

-- Keeps the blocks of a unit. Of each, `blocks` has COUNT SIZE NAMES CURRENT TEXT, as texts. So many names at most
-- are put into NAMES, and those of one block more; the rest waits for `name_blocks`. Without a number the caller puts
-- them there. Returns how many current values and ends it sets.
local function keep(state, blocks, most_names, word, kept_at, node, seq, unit_first, unit_last)
  local ids, topics, places = {}, {}, {}
  local _, erased = parse_erasure(blocks[4])
  local unit
  local epoch = string.format('%.0f-', state.epoch)
  unit_first, unit_last = string.format('%.0f', unit_first), string.format('%.0f', unit_last)
  for i = 1, #blocks, 5 do
    local count, size, names, current, text = unpack(blocks, i, i + 4)
    local from = state.head + 1
    state.head = state.head + count
    if state.count == 0 then state.first = from end
    state.count = state.count + count
    state.bytes = state.bytes + size
    local position = string.format('%.0f', state.head)
    local id = epoch .. position
    -- Numbers are given as texts: Redis takes long to make those of numbers.
    if current == '' then
      redis.call('XADD', LOG, id, 'c', count, 'z', size, 'i', names, 'b', text, 'w', word, 't', kept_at, 'n', node,
        's', seq, 'f', unit_first, 'l', unit_last)
    elseif erased then
      unset_values_at(state, erased)
      -- A node that does not know this field reads no further: it would go on with what is erased.
      redis.call('XADD', LOG, id, 'c', count, 'z', size, 'i', names, 'b', text, 'w', word, 't', kept_at, 'n', node,
        's', seq, 'f', unit_first, 'l', unit_last, 'x', string.sub(current, 2))
    else
      unit = unit or read_values(blocks)
      redis.call('XADD', LOG, id, 'c', count, 'z', size, 'i', names, 'b', text, 'w', word, 't', kept_at, 'n', node,
        's', seq, 'f', unit_first, 'l', unit_last, 'r', current, 'p', set_current(state, unit, current, position, size))
    end
    if most_names and names ~= '' and state.unnamed == '' then
      if #ids < most_names then parse_names(names, from, ids, topics, places)
      else state.unnamed = epoch .. string.format('%.0f', from) end
    end
  end
  if #ids > 0 then remember_names(ids, topics, places, read_in_parts('HMGET', NAMES, ids)) end
  if not unit then return 0 end
  write_values(unit)
  return unit.count
end

-- Whoever trims the stream by hand, or deletes it, leaves counts of what is not there. Nothing new would be held then.
local function forget_missing(state, from)
  from = math.max(from, state.first)
  local most = state.head - from + 1
  if state.count <= most then return end
  state.bytes = math.floor(state.bytes * most / state.count)
  state.first, state.count = from, most
end

-- The oldest block that is not past the bounds: the positions of its events, its epoch, its size and its time. Most
-- appends ask for it, and it may be long, so META has this: for a value of `oldest` and an epoch, between which and the
-- next the block stays the same.
local function oldest_block(state)
  local of = string.format('%s %.0f ', state.oldest, state.epoch)
  if string.sub(state.oldest_block, 1, #of) ~= of then
    local entry = oldest_entry(state.oldest, state.first)
    if not entry then
      forget_missing(state, state.head + 1)
      state.bytes = 0
      return nil
    end
    local block = block_of(entry)
    forget_missing(state, block.last - block.count + 1)
    state.oldest_block = string.format('%s%s %.0f %.0f %.0f', of, block.id, block.count, block.size, block.kept_at)
  end
  local epoch, last, count, size, kept_at =
    string.match(state.oldest_block, '^(%d+)%-(%d+) (%d+) (%d+) (%d+)$', #of + 1)
  last = tonumber(last)
  return last - count + 1, last, epoch, tonumber(size), tonumber(kept_at)
end

-- Lets go of what is past the bounds: blocks as a whole, and events of the oldest block by `first`. The
-- newest of that stay in Redis for a while, or a node that is about to follow them would miss them.
-- Returns whether more than the places has changed.
local function trim(state, bounds)
  local max_events, max_bytes, max_age, max_spare = bounds.events, bounds.bytes, bounds.age, bounds.spare
  local known, passed = state.oldest_block, 0
  for _ = 1, TRIMMED do
    local excess = state.count - max_events
    if excess <= 0 and state.bytes <= max_bytes and not max_age then break end
    local from, last, epoch, size, kept_at = oldest_block(state)
    if not from then break end
    excess = state.count - max_events
    local too_old = max_age and state.time - kept_at > max_age
    if excess <= 0 and state.bytes <= max_bytes and not too_old then break end
    from = math.max(state.first, from)
    local here = last - from + 1
    if state.bytes <= max_bytes and not too_old and excess < here then
      state.first = from + excess
      state.count = state.count - excess
      break
    end
    state.count = state.count - here
    state.bytes = math.max(0, state.bytes - size)
    state.spare = state.spare + size
    state.first = last + 1
    state.oldest = string.format('%s-%.0f', epoch, last + 1)
    passed = passed + size
    if passed >= TRIMMED_BYTES then break end
  end
  local cut, cut_to
  local bytes, names = 0, 0
  for _ = 1, TRIMMED do
    if bytes >= TRIMMED_BYTES or names >= FORGOTTEN then break end
    if state.spare <= 0 or (state.spare <= max_spare and not max_age) then break end
    local entry = oldest_entry(cut or '-', cut_to and cut_to + 1 or 0)
    local block = entry and block_of(entry)
    -- What was to go has gone already.
    if not block or block.last >= state.first then
      state.spare = 0
      break
    end
    if state.spare <= max_spare and state.time - block.kept_at <= max_age then break end
    state.spare = state.spare - block.size
    bytes, names = bytes + block.size, names + forget_names(block)
    if block.current then archive(state, block) end
    cut, cut_to = string.format('%s-%.0f', string.match(block.id, '^%d+'), block.last + 1), block.last
  end
  if cut then redis.call('XTRIM', LOG, 'MINID', cut) end
  if cut and has_moved() then redis.call('ZREMRANGEBYSCORE', MOVED, '-inf', string.format('%.0f', cut_to)) end
  return state.oldest_block ~= known or passed > 0 or cut ~= nil
end

local function seq_of(node)
  local seq, last, lease = string.match(redis.call('HGET', SEQS, node) or '', '^(%S+) (%S+) (%S+)$')
  return tonumber(seq), tonumber(last), tonumber(lease)
end

local function set_seq(node, seq, last, lease)
  redis.call('HSET', SEQS, node, string.format('%.0f %.0f %.0f', seq, last, lease))
end

-- With bounds, also whether names are still to be put into NAMES, or something is past the bounds.
local function counts(state, bounds)
  local counted = { state.first, state.count, state.bytes, state.value_bytes, state.floor, state.dropped,
    state.ends_floor, state.ends_dropped }
  if bounds then
    local is_over = state.count > bounds.events or state.bytes > bounds.bytes or state.spare > bounds.spare
      or redis.call('ZCARD', CURRENT) > bounds.values or state.value_bytes > bounds.value_bytes
      or redis.call('ZCARD', ENDS) > bounds.ends
    counted[#counted + 1] = state.unnamed ~= '' and 'names' or is_over and 'bounds' or ''
  end
  return counted
end

local OPERATION = ARGV[1]

local function bounds_from(i)
  return {
    events = tonumber(ARGV[i]),
    bytes = tonumber(ARGV[i + 1]),
    age = tonumber(ARGV[i + 2]),
    spare = tonumber(ARGV[i + 3]),
    values = tonumber(ARGV[i + 4]),
    value_bytes = tonumber(ARGV[i + 5]),
    ends = tonumber(ARGV[i + 6]),
  }
end

-- What an append, or a look-up for it, is answered before its names are looked at; nil: it goes on. Also the node's
-- lease.
local function answer_before(state, node, seq, word)
  if not state.word or state.phase or state.replid ~= replication_id() or state.word ~= word then return { 'hello' } end
  local known, known_last, lease = seq_of(node)
  if known and seq == known then return { 'again', known_last } end
  if known and seq < known then return { 'stale' } end
  if state.unnamed ~= '' then return { 'unnamed' } end
  state.time = math.max(state.time, clock())
  return nil, lease or state.time - LEASE
end

-- An append of which nothing is kept, for this reason. Its number is used.
local function keep_nothing(state, node, seq, lease, ...)
  set_seq(node, seq, 0, lease)
  save('time', state.time)
  return { ... }
end

-- look_up NODE SEQ WORD ID... TOPICS...
-- Whether names of an append are held, which is then answered. Otherwise up to where the log has none of them.
if OPERATION == 'look_up' then
  local node, seq = ARGV[2], tonumber(ARGV[3])
  local state = load_state()
  local answered, lease = answer_before(state, node, seq, ARGV[4])
  if answered then return answered end
  local count = (#ARGV - 4) / 2
  local ids, topics = { unpack(ARGV, 5, 4 + count) }, { unpack(ARGV, 5 + count) }
  local held = find_held(state, ids, topics, read_in_parts('HMGET', NAMES, ids))
  if #held > 0 then return keep_nothing(state, node, seq, lease, 'held', unpack(held)) end
  return { 'looked up', state.head }
end

-- append NODE SEQ WORD HEAD TOPICS BOUNDS... BLOCKS LOOKED_UP (COUNT SIZE NAMES CURRENT TEXT)... [CHARACTER IDS]...
-- or, for a block that erases, …(COUNT SIZE NAMES CURRENT TEXT) OF CURRENT TEXT: what its event's block is to be.
-- LOOKED_UP is a position, and the log has none of the names up to there. Then CHARACTER IDS are all their ids, by the
-- characters that they begin with. With an empty LOOKED_UP, the names are looked up here.
-- The node has followed the log up to HEAD: nothing is kept in one that ends before. It knows the topics that have
-- ended up to there. When others have since, nothing is kept unless TOPICS, the keys of those that it appends to, have
-- none of them.
-- BOUNDS are MAX_EVENTS MAX_BYTES MAX_AGE MAX_SPARE MAX_VALUES MAX_VALUE_BYTES MAX_ENDS
if OPERATION == 'append' then
  local node, seq, word = ARGV[2], tonumber(ARGV[3]), ARGV[4]
  local state = load_state()
  local answered, lease = answer_before(state, node, seq, word)
  if answered then return answered end
  if tonumber(ARGV[5]) > state.head then return { 'hello' } end
  local blocks = {}
  local after_blocks = 16 + 5 * ARGV[14]
  for i = 16, after_blocks - 1 do blocks[i - 15] = ARGV[i] end
  local erases = parse_erasure(blocks[4])
  local ids, topics, places, known
  if ARGV[15] ~= '' then
    if may_have_come(state, tonumber(ARGV[15]), after_blocks) then return { 'look up' } end
  else
    ids, topics, places, known = look_up_unit(blocks, state.head)
    local held = find_held(state, ids, topics, known)
    if #held > 0 then return keep_nothing(state, node, seq, lease, 'held', unpack(held)) end
  end
  if has_ended(ARGV[6], tonumber(ARGV[5])) then return keep_nothing(state, node, seq, lease, 'ended', state.head) end
  if erases then
    local entry, is_same = find_erased(blocks[4], ARGV[after_blocks])
    if not is_same then return keep_nothing(state, node, seq, lease, 'changed') end
    rewrite(entry, ARGV[after_blocks + 1], ARGV[after_blocks + 2])
  end
  local names_here = ids and #ids <= NAMED_AT_ONCE
  local unit_last = state.head
  for i = 1, #blocks, 5 do unit_last = unit_last + blocks[i] end
  local count = unit_last - state.head
  local values = keep(state, blocks, not names_here and 0 or nil, word, string.format('%.0f', state.time), node, ARGV[3],
    state.head + 1, unit_last)
  if names_here then remember_names(ids, topics, places, known) end
  set_seq(node, seq, unit_last, lease)
  local bounds = bounds_from(7)
  if values > 0 then drop(state, bounds, math.min(values, DROPPED_WITH) + DROPPED) end
  local trimmed = count <= TRIMS_WITH and trim(state, bounds)
  if trimmed or values > 0 or erases or not names_here then save_counts(state) else save_places(state) end
  return { 'kept', unit_last, unpack(counts(state, bounds)) }
end

-- name: puts names into NAMES that are not there yet. Answers whether others still are not.
if OPERATION == 'name' then
  local state = load_state()
  name_blocks(state)
  save('unnamed', state.unnamed)
  return { 'named', state.unnamed == '' and 0 or 1 }
end

-- trim BOUNDS...
if OPERATION == 'trim' then
  local state = load_state()
  if not state.word or state.phase then return { 'hello' } end
  state.time = math.max(state.time, clock())
  local bounds = bounds_from(2)
  drop(state, bounds, DROPPED)
  trim(state, bounds)
  save_counts(state)
  return { 'trimmed', unpack(counts(state, bounds)) }
end

-- values AFTER UP_TO LIMIT: the current values between two positions, oldest first: KEY POSITION WORD KEPT_AT TEXT each
if OPERATION == 'values' then
  local state = load_state()
  if not state.word or state.phase then return { 'hello' } end
  local found = redis.call('ZRANGEBYSCORE', CURRENT, '(' .. ARGV[2], ARGV[3], 'WITHSCORES', 'LIMIT', 0, ARGV[4])
  local values, length = { 'values' }, 0
  for i = 1, #found, 2 do
    local key, position = found[i], string.format('%.0f', tonumber(found[i + 1]))
    -- All of an event, or none.
    if length > READ and position ~= values[#values - 3] then break end
    local at, _, word, kept_at, text =
      string.match(redis.call('HGET', ARCHIVE, key) or '', '^(%d+) (%d+) (%S+) (%d+) (.*)$')
    if at ~= position then
      local block = block_at(tonumber(position))
      word, kept_at, text = block and block.word or '', block and block.kept_at or 0, block and block.text or ''
    end
    for _, value in ipairs({ key, position, word, kept_at, text }) do values[#values + 1] = value end
    length = length + #text
  end
  return values
end

-- block POSITION: the block with the event at a position, as it lies in the stream
if OPERATION == 'block' then
  local _, entry = block_at(tonumber(ARGV[2]))
  return entry and { entry[1], entry[2] } or {}
end

-- ends AFTER UP_TO LIMIT: the topics that ended between two positions, oldest first: KEY POSITION PRIVATE each
if OPERATION == 'ends' then
  local state = load_state()
  if not state.word or state.phase then return { 'hello' } end
  local found = redis.call('ZRANGEBYSCORE', ENDS, string.format('%.0f', 2 * ARGV[2] + 2),
    string.format('%.0f', 2 * ARGV[3] + 1), 'WITHSCORES', 'LIMIT', 0, ARGV[4])
  local ends = { 'ends' }
  for i = 1, #found, 2 do
    local score = tonumber(found[i + 1])
    for _, each in ipairs({ found[i], string.format('%.0f', math.floor(score / 2)), score % 2 }) do
      ends[#ends + 1] = each
    end
  end
  return ends
end

-- The rest runs when nodes connect, every few seconds, and in recoveries.

local function lives_of(text)
  local lives = {}
  for number, word, first in string.gmatch(text or '', '(%d+) ([^ ;]+) (%d+)') do
    lives[#lives + 1] = { number = tonumber(number), word = word, first = tonumber(first) }
  end
  return lives
end

local function text_of(lives)
  local texts = {}
  for i = math.max(1, #lives - REMEMBERED + 1), #lives do
    texts[#texts + 1] = string.format('%.0f %s %.0f', lives[i].number, lives[i].word, lives[i].first)
  end
  return table.concat(texts, ';')
end

local function number_of(lives) return #lives > 0 and lives[#lives].number or 0 end

local function index_of(lives, word)
  for i, life in ipairs(lives) do if life.word == word then return i end end
end

local function is_on(lives, word, position)
  local i = index_of(lives, word)
  if not i or position < lives[i].first then return false end
  return not lives[i + 1] or position < lives[i + 1].first
end

local function end_of(lives, i, head)
  return lives[i + 1] and lives[i + 1].first - 1 or head
end

local function common_end(a, a_head, b, b_head)
  local i, j = 1, nil
  while i <= #a do
    j = index_of(b, a[i].word)
    if j then break end
    i = i + 1
  end
  if not j then return 0 end
  local common = 0
  while i <= #a and j <= #b and a[i].word == b[j].word do
    local a_end, b_end = end_of(a, i, a_head), end_of(b, j, b_head)
    common = math.min(a_end, b_end)
    if a_end ~= b_end then break end
    i, j = i + 1, j + 1
  end
  return math.min(common, a_head, b_head)
end

local function begin_epoch(state)
  local number = math.max(state.epoch + 1, state.now)
  local kept = {}
  for each, after in string.gmatch(redis.call('HGET', META, 'epochs') or '', '(%d+) (%d+)') do
    if tonumber(after) < state.head then kept[#kept + 1] = each .. ' ' .. after end
  end
  kept[#kept + 1] = string.format('%.0f %.0f', number, state.head)
  state.epoch = number
  EPOCHS = nil
  save('epoch', number, 'epochs', table.concat(kept, ';', math.max(1, #kept - REMEMBERED + 1)))
end

-- What somebody has done to the stream by hand. Blocks that were deleted count no more. Nothing can be kept below an id
-- that was written, even when it was deleted again: so what is there goes, a part of it with each call, and then a new
-- epoch begins above it. Returns what is answered instead of going on.
local function look_for_others(state)
  local about = redis.pcall('XINFO', 'STREAM', LOG)
  local newest, oldest = '0-0', nil
  for i = 1, #about, 2 do
    if about[i] == 'last-generated-id' then newest = about[i + 1]
    elseif about[i] == 'first-entry' then oldest = about[i + 1] end
  end
  local epoch, position = string.match(newest, '^(%d+)%-(%d+)$')
  epoch, position = tonumber(epoch), tonumber(position)
  if epoch > state.epoch or (epoch == state.epoch and position > state.head) then
    if epoch >= HIGHEST then
      return redis.error_reply('ERR somebody has written the id ' .. newest .. ' to ' .. LOG
        .. ', above which no event can be kept: DEL ' .. LOG .. ', and the hub goes on without its history')
    end
    local ids = {}
    local head = string.format('(%.0f-%.0f', state.epoch, state.head)
    for i, entry in ipairs(redis.call('XRANGE', LOG, head, '+', 'COUNT', FOREIGN)) do ids[i] = entry[1] end
    if #ids > 0 then redis.call('XDEL', LOG, unpack(ids)) end
    if #ids == FOREIGN then return { 'foreign' } end
    state.epoch = epoch
    begin_epoch(state)
  end
  local block = oldest and block_of(oldest)
  if not block or not block.count or block.last - block.count >= state.first then
    state.oldest_block = ''
    oldest_block(state)
  end
end

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

local function cut(state, to)
  while true do
    local entry = newest_entry()
    if not entry then break end
    local block = block_of(entry)
    if block.last <= to then break end
    if block.is_moved then redis.call('ZREMRANGEBYSCORE', MOVED, block.last, block.last)
    else redis.call('XDEL', LOG, entry[1]) end
    if block.last < state.first then
      state.spare = state.spare - block.size
    else
      local from = math.max(block.last - block.count + 1, state.first)
      state.count = state.count - (block.last - from + 1)
      state.bytes = state.bytes - block.size
    end
    forget_names(block)
    if block.current then undo_current(state, block) end
    local seq, _, lease = seq_of(block.node)
    -- Or the publisher's next try would be told that it is there.
    if seq and seq >= block.seq then set_seq(block.node, block.seq - 1, 0, lease) end
  end
  state.head = to
  state.first = math.min(state.first, to + 1)
  state.floor = math.min(state.floor, to + 1)
  state.ends_floor = math.min(state.ends_floor, to + 1)
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
  local texts = redis.call('HMGET', META, 'lives', 'expected', 'empty')
  state.lives = lives_of(texts[1])
  state.expected = {}
  for node in string.gmatch(texts[2] or '', '%S+') do state.expected[#state.expected + 1] = node end
  state.empty = texts[3] == '1'
  state.now = clock()
  -- A clock that was set back would prolong a recovery by as much.
  state.began, state.put = math.min(state.began, state.now), math.min(state.put, state.now)
  hear_all(state)
  return state
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
    unpack(counts(state)) }
end

-- hello NODE NEW_WORD LIVES HEAD LOW REPLID SEQS INSISTS
if OPERATION == 'hello' then
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
  state.time = math.max(state.time, state.now)
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
end

-- put NODE NEW_WORD (COUNT SIZE NAMES CURRENT TEXT WORD KEPT_AT NODE SEQ UNIT_FIRST UNIT_LAST)... [OF CURRENT TEXT]
if OPERATION == 'put' then
  local state = load_all()
  if not state.phase then return answer(state) end
  state.time = math.max(state.time, state.now)
  local said = redis.call('HGET', HELLOS, ARGV[2])
  if said then
    redis.call('HSET', HELLOS, ARGV[2], (string.gsub(said, '^%d+', string.format('%.0f', state.now))))
    state.hellos[ARGV[2]].at = state.now
  end
  local word, unit_first, unit_last = ARGV[9], tonumber(ARGV[13]), tonumber(ARGV[14])
  local fits = unit_first == state.head + 1 and unit_last <= state.stop and is_on(state.lives, word, unit_first)
  local last = parse_erasure(ARGV[7]) and 14 or #ARGV
  if state.phase == 'putting back' and fits and last < #ARGV then
    local entry, is_same = find_erased(ARGV[7], ARGV[15])
    if is_same then rewrite(entry, ARGV[16], ARGV[17]) else fits = false end
  end
  if state.phase == 'putting back' and fits then
    local blocks = {}
    for i = 4, last, 11 do
      for n = 0, 4 do blocks[#blocks + 1] = ARGV[i + n] end
    end
    keep(state, blocks, NAMED_AT_ONCE, unpack(ARGV, 9, 14))
    local node, seq = ARGV[11], tonumber(ARGV[12])
    local known, _, lease = seq_of(node)
    if (known or -1) < seq then set_seq(node, seq, unit_last, lease or state.time - LEASE) end
    state.put = state.now
  end
  settle(state, ARGV[3])
  save_all(state)
  return answer(state)
end

return redis.error_reply('ERR no such operation')
