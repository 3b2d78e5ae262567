-- Whether topics have ended that a node does not know of.

-- Whether a topic may have ended after a position. Without topics all are meant.
local function has_ended(topics, after)
  local newest = redis.call('ZREVRANGE', ENDS, 0, 0, 'WITHSCORES')[2]
  if not newest or math.floor(newest / 2) <= after then return false end
  if topics == '' then return true end
  for key in string.gmatch(topics, '%S+') do
    local score = redis.call('ZSCORE', ENDS, key)
    if score and math.floor(score / 2) > after then return true end
  end
  return false
end
