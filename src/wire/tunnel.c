/* SPDX-License-Identifier: BSD-2-Clause */
/* Tunnels directly over IP. */
#include "wire/peel.h"

void gre_peel(struct layers *at, struct span bytes, struct said *out) { (void)at; (void)bytes; (void)out; }
void etherip_peel(struct layers *at, struct span bytes, struct said *out) { (void)at; (void)bytes; (void)out; }
void l2tp3_peel(struct layers *at, struct span bytes, struct said *out) { (void)at; (void)bytes; (void)out; }
void mpls_peel(struct layers *at, struct span bytes, struct said *out) { (void)at; (void)bytes; (void)out; }
peel *udp_tunnel_of(unsigned sport, unsigned dport) { (void)sport; (void)dport; return NULL; }
