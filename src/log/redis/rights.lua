-- KEYS  all keys of a hub, and then one that is never there
-- ARGV  commands with their arguments, each as one text; KEY in it stands for the last key
--
-- Answers the numbers of those that the user may not run, and, below zero, of those that this server does not have.
-- Redis 6.2 can't be asked: there the commands are run. They change nothing, with these arguments and that key.

-- 1 for a right that is missing, -1 for a command that is.
local function lack_of(words)
  if redis.acl_check_cmd then
    -- One that this server does not have raises an error.
    local is_known, may = pcall(redis.acl_check_cmd, unpack(words))
    if not is_known then return -1 end
    return not may and 1
  end
  local reply = redis.pcall(unpack(words))
  local refusal = type(reply) == 'table' and reply.err or ''
  if string.find(refusal, 'Unknown Redis command', 1, true) then return -1 end
  return string.find(refusal, "can't run this command", 1, true) and 1
end

local lacks = {}
for i, text in ipairs(ARGV) do
  local words = {}
  for word in string.gmatch(text, '%S+') do words[#words + 1] = word == 'KEY' and KEYS[#KEYS] or word end
  local lack = lack_of(words)
  if lack then lacks[#lacks + 1] = lack * i end
end
return lacks
