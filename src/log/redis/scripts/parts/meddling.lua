-- What somebody has done to the stream by hand.

-- How many entries that somebody has written by hand one call removes.
local FOREIGN = 256
-- Above this, an epoch is not exact.
local HIGHEST = 1e14

-- Blocks that were deleted count no more. Nothing can be kept below an id that was written, even when it was deleted
-- again: so what is there goes, a part of it with each call, and then a new epoch begins above it. Returns what is
-- answered instead of going on.
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
