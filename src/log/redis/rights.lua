-- KEYS  all keys of a hub, and then one that is never there
-- ARGV  commands with their arguments, each as one text; KEY in it stands for the last key
--
-- Answers the numbers of those that the user may not run. Redis 6.2 can't be asked: there the commands are run. They
-- change nothing, with these arguments and that key.

local function may_run(words)
  if redis.acl_check_cmd then
    -- One that this server does not know raises an error: no right is missing for it.
    local is_known, may = pcall(redis.acl_check_cmd, unpack(words))
    return may or not is_known
  end
  local reply = redis.pcall(unpack(words))
  local refusal = type(reply) == 'table' and reply.err or ''
  return not string.find(refusal, "can't run this command", 1, true)
end

local refused = {}
for i, text in ipairs(ARGV) do
  local words = {}
  for word in string.gmatch(text, '%S+') do words[#words + 1] = word == 'KEY' and KEYS[#KEYS] or word end
  if not may_run(words) then refused[#refused + 1] = i end
end
return refused
