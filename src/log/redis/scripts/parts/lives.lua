-- Lives, and up to where two logs are the same.

-- How many lives and epochs are remembered.
local REMEMBERED = 64

local function lives_of(text)
  local lives = {}
  for number, word, first in string.gmatch(text or '', '(%d+) ([^ ;]+) (%d+)') do
    lives[#lives + 1] = { number = tonumber(number), word = word, first = tonumber(first) }
  end
  return lives
end

local function text_of(lives)
  local texts = {}
  for i = math.max(1, #lives - REMEMBERED + 1), #lives do
    texts[#texts + 1] = string.format('%.0f %s %.0f', lives[i].number, lives[i].word, lives[i].first)
  end
  return table.concat(texts, ';')
end

local function number_of(lives) return #lives > 0 and lives[#lives].number or 0 end

local function index_of(lives, word)
  for i, life in ipairs(lives) do if life.word == word then return i end end
end

local function index_of(lives, word)
  for i, life in ipairs(lives) do if life.word == word then return i end end
end

local function is_on(lives, word, position)
  local i = index_of(lives, word)
  if not i or position < lives[i].first then return false end
  return not lives[i + 1] or position < lives[i + 1].first
end

local function end_of(lives, i, head)
  return lives[i + 1] and lives[i + 1].first - 1 or head
end

local function common_end(a, a_head, b, b_head)
  local i, j = 1, nil
  while i <= #a do
    j = index_of(b, a[i].word)
    if j then break end
    i = i + 1
  end
  if not j then return 0 end
  local common = 0
  while i <= #a and j <= #b and a[i].word == b[j].word do
    local a_end, b_end = end_of(a, i, a_head), end_of(b, j, b_head)
    common = math.min(a_end, b_end)
    if a_end ~= b_end then break end
    i, j = i + 1, j + 1
  end
  return math.min(common, a_head, b_head)
end
