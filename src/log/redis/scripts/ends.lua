-- ends AFTER UP_TO LIMIT
--
-- The topics that ended between two positions, oldest first: KEY POSITION PRIVATE each.

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
