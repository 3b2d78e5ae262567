-- values AFTER UP_TO LIMIT
--
-- The current values between two positions, oldest first: KEY POSITION WORD KEPT_AT TEXT each.

-- How many bytes of them one call reads, or one value.
local READ = 262144

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
