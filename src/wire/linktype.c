/* SPDX-License-Identifier: BSD-2-Clause */
/* The pcap registry of link types: number, name, and the peel that reads it. */
#include "wire/peel.h"

static const struct {
	uint16_t    number;
	const char *name;
	peel	   *peel;
} linktypes[] = {
	{ 1, "ETHERNET", ethernet_peel },
};

peel *linktype_peel(uint32_t linktype)
{
	for (size_t i = 0; i < COUNT(linktypes); i++) {
		if (linktypes[i].number == linktype)
			return linktypes[i].peel;
	}
	return NULL;
}

bool linktype_is_read(uint32_t linktype)
{
	return linktype_peel(linktype) != NULL;
}

const char *linktype_name(uint32_t linktype)
{
	for (size_t i = 0; i < COUNT(linktypes); i++) {
		if (linktypes[i].number == linktype)
			return linktypes[i].name;
	}
	return NULL;
}
