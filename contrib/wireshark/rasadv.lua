-- SPDX-License-Identifier: BSD-2-Clause
-- Wireshark dissector for RAS advertisements ([MS-RASA] 2.2): UDP to 239.255.2.2, port 9753.
--
--   wireshark -X lua_script:rasadv.lua     or copy it to the personal plugin folder
--                                          (Help > About Wireshark > Folders)
--
-- "Hostname=NAME LF [Domain=DOMAIN LF] NUL".  The line feeds, the NUL and a dot in the place of a
-- line feed are treated as weir treats them (rasadv in weir-json(5)).  Wireshark escapes what names
-- hold; this file never formats them itself.

local PORT = 9753
local HOSTNAME, DOMAIN = "Hostname=", "Domain="

local rasadv = Proto("rasadv", "Remote Access Server Advertisement")

local fields = rasadv.fields
fields.hostname = ProtoField.string("rasadv.hostname", "Hostname")
fields.domain = ProtoField.string("rasadv.domain", "Domain")
fields.hops = ProtoField.uint8("rasadv.hops", "Hops travelled", base.DEC)

local experts = rasadv.experts
experts.malformed = ProtoExpert.new("rasadv.malformed", "No RAS advertisement: no Hostname=",
	expert.group.MALFORMED, expert.severity.ERROR)
experts.no_nul = ProtoExpert.new("rasadv.no_nul", "No NUL at the end",
	expert.group.PROTOCOL, expert.severity.NOTE)
experts.no_lf = ProtoExpert.new("rasadv.no_lf", "No line feed behind a name",
	expert.group.PROTOCOL, expert.severity.NOTE)
experts.dot_for_lf = ProtoExpert.new("rasadv.dot_for_lf", "A dot where the line feed belongs",
	expert.group.PROTOCOL, expert.severity.NOTE)
experts.extra_bytes = ProtoExpert.new("rasadv.extra_bytes", "Bytes behind the end of the message",
	expert.group.PROTOCOL, expert.severity.NOTE)
experts.control_bytes = ProtoExpert.new("rasadv.control_bytes", "Control characters in a name",
	expert.group.SECURITY, expert.severity.WARN)
experts.ttl_above_15 = ProtoExpert.new("rasadv.ttl_above_15", "TTL over 15",
	expert.group.PROTOCOL, expert.severity.NOTE)

local ip_ttl = Field.new("ip.ttl")

local function begins_with(text, word, at)
	return text:sub(at, at + #word - 1) == word
end

-- Where the name that begins at `at` ends (the first place behind it), where the next line begins,
-- and what is odd about its end.  `text` ends in front of the NUL.
local function find_end(text, at)
	local lf = text:find("\n", at, true) or #text + 1
	local dot = text:find("." .. DOMAIN, at, true)

	if dot and dot < lf then
		return dot, dot + 1, experts.dot_for_lf
	elseif lf <= #text then
		return lf, lf + 1, nil
	elseif #text >= at and text:sub(-1) == "." then
		return #text, #text + 1, experts.dot_for_lf
	end
	return lf, lf, experts.no_lf
end

-- Adds one name; returns where the next line begins.
local function add_name(tree, field, buffer, text, at)
	local stop, following, odd = find_end(text, at)
	local item = tree:add(field, buffer(at - 1, stop - at))

	if odd then
		item:add_proto_expert_info(odd)
	end
	if text:sub(at, stop - 1):find("[%z\1-\31\127]") then
		item:add_proto_expert_info(experts.control_bytes)
	end
	return following
end

local function add_hops(tree)
	local all = { ip_ttl() }
	local ttl = all[#all] and all[#all].value

	if not ttl then
		return
	elseif ttl > 15 then
		tree:add_proto_expert_info(experts.ttl_above_15)
	else
		tree:add(fields.hops, 15 - ttl):set_generated()
	end
end

function rasadv.dissector(buffer, pinfo, tree)
	local whole = buffer:raw()
	local nul = whole:find("\0", 1, true)
	local text = nul and whole:sub(1, nul - 1) or whole
	local top = tree:add(rasadv, buffer())
	local at = #HOSTNAME + 1

	pinfo.cols.protocol = "RASADV"
	if not begins_with(text, HOSTNAME, 1) then
		top:add_proto_expert_info(experts.malformed)
		return
	end
	at = add_name(top, fields.hostname, buffer, text, at)
	pinfo.cols.info = "RAS advertisement"
	if begins_with(text, DOMAIN, at) then
		at = add_name(top, fields.domain, buffer, text, at + #DOMAIN)
	end
	if not nul then
		top:add_proto_expert_info(experts.no_nul)
	end
	if at <= #text or (nul and nul < #whole) then
		top:add_proto_expert_info(experts.extra_bytes)
	end
	add_hops(top)
end

DissectorTable.get("udp.port"):add(PORT, rasadv)
