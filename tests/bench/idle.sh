#!/bin/sh
# Idle CPU is zero: what the daemon uses in 10 s without traffic, its link to the chat server up.
# usage: idle.sh BENCH SIPXMPPD [SECONDS]
# What is left are the signs of life: an OPTIONS and an XMPP ping every 30 s.
set -eu
if [ $# -lt 2 ]; then
	echo "usage: idle.sh BENCH SIPXMPPD [SECONDS]" >&2
	exit 64
fi
exec "$1" --idle --seconds "${3:-10}" "$2"
