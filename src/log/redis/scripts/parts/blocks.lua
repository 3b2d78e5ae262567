-- Blocks, as the stream has them. One that has left the stream lies in MOVED: see erasing.lua.

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
