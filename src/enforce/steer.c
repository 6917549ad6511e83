/* SPDX-License-Identifier: BSD-2-Clause */
/* A mark for what belongs to a transparent socket, and a route for the mark.  The table "weir_msdp"
 * is weir's.  nft(8), ip-rule(8).  Knows no MSDP. */
#include "enforce/steer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "enforce/libnftables.h"
#include "os/route.h"

#define MARK 0x639u

static int run_commands(const char *commands, char why[STEER_WHY])
{
	int failed = libnftables_load();
	struct nft_ctx *nft;
	const char *error;

	if (failed)
		return failed;
	nft = libnftables.ctx_new(NFT_CTX_DEFAULT);
	if (!nft)
		return -ENOMEM;
	libnftables.ctx_buffer_error(nft);
	libnftables.ctx_buffer_output(nft);
	failed = libnftables.run_cmd_from_buffer(nft, commands);
	if (failed) {
		error = libnftables.ctx_get_error_buffer(nft);
		snprintf(why, STEER_WHY, "%.*s", (int)strcspn(error, "\n"), error);
	}
	libnftables.ctx_free(nft);
	return failed ? -EINVAL : 0;
}

int steer_install(struct addr a, struct addr b, uint16_t port, char why[STEER_WHY])
{
	char one[ADDR_TEXT], other[ADDR_TEXT];
	struct text commands = { 0 };
	int error;

	addr_text(a, one);
	addr_text(b, other);
	text_printf(&commands,
		    "table inet weir_msdp\ndelete table inet weir_msdp\ntable inet weir_msdp {\n"
		    "set pairs {\n type ipv4_addr . ipv4_addr\n"
		    " elements = { %s . %s, %s . %s }\n}\n"
		    "chain ours {\n socket transparent 1 meta mark set %u accept\n"
		    " counter drop\n}\n"
		    "chain arrive {\n type filter hook prerouting priority mangle;\n"
		    " ip saddr . ip daddr @pairs tcp sport %u jump ours\n"
		    " ip saddr . ip daddr @pairs tcp dport %u jump ours\n}\n}\n",
		    one, other, other, one, MARK, port, port);
	error = run_commands(text_string(&commands), why);
	text_release(&commands);
	if (error == 0) {
		error = route_take_marked(MARK);
		if (error < 0)
			snprintf(why, STEER_WHY, "no route for marked packets: %s",
				 strerror(-error));
	}
	return error;
}

int steer_remove(void)
{
	char why[STEER_WHY];
	int error = run_commands("table inet weir_msdp\ndelete table inet weir_msdp\n", why);
	int route = route_leave_marked(MARK);

	return error < 0 ? error : route;
}
