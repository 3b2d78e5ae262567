-- In tests, the time and the replication id are what the model was told.
local function clock() return tonumber(redis.call('GET', 'test:time')) end
local function replication_id() return redis.call('GET', 'test:replid') end
-- So few names that many units leave some for later.
local NAMED_AT_ONCE = 2
