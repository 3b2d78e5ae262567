-- Commands with many arguments, of which each call gets a part.

-- How many arguments one command is given.
local ARGUMENTS = 2000

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
