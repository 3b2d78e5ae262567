-- The number of each node's newest append, and the node's lease.

-- A node whose lease is older was not there any more, in milliseconds.
local LEASE = 10000

local function seq_of(node)
  local seq, last, lease = string.match(redis.call('HGET', SEQS, node) or '', '^(%S+) (%S+) (%S+)$')
  return tonumber(seq), tonumber(last), tonumber(lease)
end

local function set_seq(node, seq, last, lease)
  redis.call('HSET', SEQS, node, string.format('%.0f %.0f %.0f', seq, last, lease))
end
